import { checkMembers, type MemberChecks, u32 } from "../../base/check-members.ts";
import { aBigInt, aBoolean, anObject } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { recordSize } from "../record.ts";
import { positionFault } from "../ring-faults.ts";
import type { RecordHeader } from "./record-header.ts";
import { checkLayout, pageOffsetAt, type RingLayout } from "./ring-layout.ts";

/** Where a header was found: at `position`, in a ring that is produced up to `producer`. Free-running u64 positions. */
export interface HeaderPlace {
  readonly position: bigint;
  readonly producer: bigint;
  readonly layout: RingLayout;
}

const headerChecks: MemberChecks<RecordHeader> = { length: u32, busy: aBoolean, discarded: aBoolean, pageOffset: u32 };

/**
 * Throws BAD_RING for a header that no sane writer has put there: a position that is misaligned or not in the ring, a length
 * beyond what was produced, flags that exclude each other, a page that is not the header's own.
 */
export function checkHeader(header: RecordHeader, place: HeaderPlace): void {
  checkMembers(header, headerChecks, "The header of checkHeader()");
  anObject(place, "The place of checkHeader()");
  checkLayout(place.layout);
  aBigInt(place.position, "The position of checkHeader()");
  aBigInt(place.producer, "The producer's position of checkHeader()");
  const { position, producer, layout } = place;
  const fault = positionFault(position, producer, layout.size) ?? headerFault(header, place);
  if (fault !== undefined) throw badRecord(position, fault);
}

export function badRecord(position: bigint, fault: string): EbpfError {
  return new EbpfError("BAD_RING", `Cannot decode the record at position ${position}: ${fault}`);
}

/** What is impossible about a header in a ring whose positions are sane. */
export function headerFault(
  { length, busy, discarded, pageOffset }: RecordHeader,
  { position, producer, layout }: HeaderPlace,
): string | undefined {
  const left = BigInt.asUintN(64, producer - position);
  if (BigInt(recordSize(length)) > left) {
    return `it claims ${length} bytes, but with its header only ${left} bytes were produced from there`;
  }
  // The kernel exchanges one for the other. In a user ring it looks at DISCARD alone, and skips the record.
  if (busy && discarded && layout.origin !== "user") return "it is busy and discarded at the same time";
  const page = pageOffsetAt(position, layout);
  if (pageOffset !== page) return `it claims to begin in page ${pageOffset}, but stands in page ${page}`;
  return undefined;
}
