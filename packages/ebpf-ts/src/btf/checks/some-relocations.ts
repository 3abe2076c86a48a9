import { list, membersOf, u32 } from "../../base/check-members.ts";
import { aString, type Check, integer } from "../../base/checks.ts";
import type { CoreRelocation } from "../types.ts";
import { aTypeId } from "./a-btf.ts";

/** Their kinds are looked at one by one. */
export const someRelocations: Check = list(
  membersOf<CoreRelocation>({ slot: integer(0, 2 ** 31 - 1), type: aTypeId, access: aString, kind: u32 }),
);
