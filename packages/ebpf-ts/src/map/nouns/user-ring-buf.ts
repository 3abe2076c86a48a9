import type { SharedAccess } from "../../memory/shared-access.ts";
import { type NounMaker, type RingParts, ringParts } from "../noun.ts";
import { recordEncoder } from "../record-codec.ts";
import { UserRingBuf } from "../user-ring-buf.ts";

export { UserRingBuf } from "../user-ring-buf.ts";

export const maker: NounMaker<UserRingBuf> = {
  door: "it is a user ring buffer, open it with userRingBuf()",
  make: (map, parts) => makeUserRingBuf(ringParts(map, parts)),
};

interface UserRingParts extends RingParts {
  /** What it shares with other threads that write it. */
  readonly access?: SharedAccess | undefined;
}

export function makeUserRingBuf<T>({ record, ...parts }: UserRingParts): UserRingBuf<T> {
  return new UserRingBuf<T>({ ...parts, type: () => record.settle(), encoder: recordEncoder<T>(parts.name, record) });
}
