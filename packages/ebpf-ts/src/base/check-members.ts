import { anArray, anObject, type Check, integer, showValue } from "./checks.ts";

/** What each member of an object must be; those that may be undefined are `maybe`. One that is added without a check does not compile. */
export type MemberChecks<T> = { readonly [Name in keyof T]-?: Check };

export const maybe =
  (check: Check): Check =>
  (value, what) => {
    if (value !== undefined) check(value, what);
  };

export const u32: Check = integer(0, 2 ** 32 - 1);

/** The name of an element is made when it is wrong: an object has a million instructions. */
export const list =
  (each: Check): Check =>
  (value, what) => {
    anArray(value, what);
    // By index: an empty place is an element too.
    const elements = value as readonly unknown[];
    for (let index = 0; index < elements.length; index += 1) {
      try {
        each(elements[index], what);
      } catch {
        each(elements[index], `${what}[${index}]`);
      }
    }
  };

export const membersOf =
  <T>(checks: MemberChecks<T>): Check =>
  (value, what) =>
    checkMembers(value, checks, what);

/** Throws a TypeError or RangeError that names the member: `The size of spec.maps[3] ("flows") must be …`. */
export function checkMembers<T>(value: unknown, checks: MemberChecks<T>, what: string): void {
  anObject(value, what);
  for (const member in checks) {
    const given = (value as T)[member];
    try {
      checks[member](given, member);
    } catch {
      checks[member](given, `The ${member} of ${nameOf(value, what)}`);
    }
  }
}

/** For people, who know names better than indices. */
function nameOf(value: unknown, what: string): string {
  const { name } = value as { readonly name?: unknown };
  return typeof name === "string" ? `${what} (${showValue(name)})` : what.replace(/^The /, "the ");
}
