import { anArray, type Check, strings, wrongKind } from "../base/checks.ts";
import { aCookie } from "./a-cookie.ts";
import { aName } from "./a-name.ts";

/** How functions are told that one link takes together. */
interface ManyFunctions {
  readonly pattern?: string | undefined;
  readonly symbols?: readonly string[] | undefined;
  readonly cookies?: readonly (bigint | number)[] | undefined;
}

export const namesOf: Check = (value, what) => {
  strings(value, what);
  if ((value as string[]).length === 0) throw wrongKind(what, "an array of names", value);
  for (const each of value as string[]) aName(each, what);
};

export const cookiesOf: Check = (value, what) => {
  anArray(value, what);
  for (const each of value as unknown[]) aCookie(each, what);
};

/** Of a pattern nobody knows which function has which cookie. */
export function checkFunctions({ pattern, symbols, cookies }: ManyFunctions, title: string): void {
  if ((pattern === undefined) === (symbols === undefined))
    throw new TypeError(`attach() to ${title} needs a pattern, or symbols`);
  if (cookies !== undefined && cookies.length !== symbols?.length)
    throw new RangeError(`attach() to ${title} takes as many cookies as symbols`);
}
