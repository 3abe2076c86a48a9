import type { Check } from "./checks.ts";
import { showValue } from "./checks.ts";
import { nearName } from "./near-name.ts";

/** One check for each option: one that is added without does not compile. */
export type Checks<Options> = { readonly [Name in keyof Options]-?: Check };

/**
 * The options that a user gave, checked where they come in: a misspelt or mistyped one is told at once, rather than ignored. Those that
 * are undefined count as left out. `of` names whom they are for: `drain()`.
 */
export function checkOptions<Options extends object>(options: Options, checks: Checks<Options>, of: string): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${of} must be an object, not ${showValue(options)}`);
  }
  // Without an array of the names: each drain comes by here.
  for (const name in options) {
    if (!Object.hasOwn(checks, name)) {
      if (!Object.hasOwn(options, name)) continue;
      throw unknownOption(name, Object.keys(checks), of);
    }
    const value = options[name];
    if (value !== undefined) checks[name](value, `The option ${name} of ${of}`);
  }
}

/** Checks of an option that is an object of options itself. */
export function optionsOf<Options extends object>(checks: Checks<Options>): Check {
  return (value, what) => checkOptions(value as Options, checks, what.replace(/^The/, "the"));
}

function unknownOption(name: string, known: readonly string[], of: string): TypeError {
  const near = nearName(name, known);
  const hint = near === undefined ? `the options are ${known.join(", ")}` : `did you mean ${near}?`;
  return new TypeError(`Unknown option ${name} of ${of}: ${hint}`);
}
