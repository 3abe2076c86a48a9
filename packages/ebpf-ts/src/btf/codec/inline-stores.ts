import type { ScalarPlan, TextPlan } from "./plan.ts";

/**
 * A statement of generated text that writes `value`, a name in it, at the expression `at`. What most values are is asked in line and stored in line:
 * V8 takes only so much of other functions into one, so that a record of six members, each written by a call, was six calls. Everything else is for
 * `otherwise`, the call of the function in write-values.ts, which asks the same, and says what does not fit. A record of six members takes 31 ns
 * in place of 39.
 */
export function inlineStore(plan: ScalarPlan, at: string, value: string, otherwise: string): string {
  const known = knownStore(plan, at, value);
  return known === undefined ? otherwise : `if (${known.fits}) ${known.store} else ${otherwise}`;
}

/** The same for a text, of which the letters are a matter of a function. */
export function inlineText({ tail, size }: TextPlan, at: string, value: string, otherwise: string): string {
  if (tail) return otherwise;
  return `if (typeof ${value} !== "string" || ${value}.length >= ${size} || !writeAscii(v, ${at}, ${value})) ${otherwise}`;
}

interface Known {
  readonly fits: string;
  readonly store: string;
}

function knownStore(plan: ScalarPlan, at: string, value: string): Known | undefined {
  switch (plan.op) {
    case "int": {
      const { signed, size } = plan;
      const method = `set${signed ? "Int" : "Uint"}${size * 8}`;
      return {
        fits: `typeof ${value} === "number" && ${asInteger(value, size, signed)} === ${value}`,
        store: `v.${method}(${at}, ${value}${size === 1 ? "" : ", true"});`,
      };
    }
    case "big":
      return plan.size === 8 ? wordStore(at, value, plan.signed) : undefined;
    case "float":
      return {
        fits: `typeof ${value} === "number"`,
        store: `v.setFloat${plan.size * 8}(${at}, ${value}, true);`,
      };
    default:
      return undefined;
  }
}

/** In the typed array of `writeWord`. */
function wordStore(at: string, value: string, signed: boolean): Known {
  const same = `BigInt.as${signed ? "Int" : "Uint"}N(64, ${value}) === ${value}`;
  const index = `(${at}) >>> 3`;
  return {
    fits: `typeof ${value} === "bigint" && ${same} && ((${at}) & 7) === 0 && ${index} < words.length`,
    store: `words[${index}] = ${value};`,
  };
}

/** What JavaScript makes of a number as an integer of so many bytes: the number itself where it is one. */
function asInteger(value: string, size: 1 | 2 | 4, signed: boolean): string {
  if (size === 4) return signed ? `(${value} | 0)` : `${value} >>> 0`;
  const above = 32 - size * 8;
  return signed ? `(${value} << ${above}) >> ${above}` : `(${value} & ${size === 1 ? "0xff" : "0xffff"})`;
}
