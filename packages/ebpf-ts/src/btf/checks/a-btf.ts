import { type Check, integer, wrongKind } from "../../base/checks.ts";
import type { Btf } from "../types.ts";

/** A table of types, whoever has made it. */
export const aBtf: Check = (value, what) => {
  const { type, resolve, bytes } = Object(value) as Partial<Btf>;
  if (typeof type !== "function" || typeof resolve !== "function" || !(bytes instanceof Uint8Array))
    throw wrongKind(what, "types as parse() or parseBtf() gives them", value);
};

/** A BTF id, 0 for none. Whether there is such a type is known to the table. */
export const aTypeId: Check = integer(0, 2 ** 32 - 1);
