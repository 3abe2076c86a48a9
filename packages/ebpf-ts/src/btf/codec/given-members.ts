import { awaitHint, describe, EncodeFailure } from "./encode-failure.ts";
import type { Name } from "./encode-failure.ts";

const most = 12;

/**
 * None of the type's members was given: a record of nothing but zeros is rarely meant. A promise, a Date, a Map look like that,
 * and so does an object whose members all are undefined.
 */
export function refuseNoMembers(value: object, names: ReadonlySet<string>, name: Name): void {
  if (names.size === 0) return;
  const known = `${[...names].slice(0, most).join(", ")}${names.size > most ? ", …" : ""}`;
  throw new EncodeFailure(name, `${describe(value)} has none of its members (there are: ${known})${awaitHint(value)}`);
}
