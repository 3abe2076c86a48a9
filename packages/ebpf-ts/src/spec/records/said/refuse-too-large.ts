import { EbpfError } from "../../../base/errors.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { CollectionSpec, MapSpec } from "../../types.ts";
import { isConstant, mapNames } from "../flow/values.ts";
import { type MapCall, recordCalls } from "../record-calls.ts";
import { recordLength } from "../record-length.ts";

/**
 * Throws (BAD_VALUE) where all records that the object's programs write into a ring are shorter than a type of so many bytes, so that none
 * could be decoded. Whatever the code does not show is taken for one that could.
 */
export function refuseTooLarge(spec: CollectionSpec, map: MapSpec, name: string, size: number): void {
  const calls = [...spec.programs, ...spec.functions].flatMap(recordCalls).filter((call) => mayBeInto(call, map));
  const sizes = calls.map((call) => sizeOf(call, map));
  if (sizes.length === 0 || !sizes.every((each) => each !== undefined && each < size)) return;
  const written = [...new Set(sizes)].sort((a, b) => a! - b!).join(" or ");
  const [{ fn, slot }] = calls as [MapCall];
  throw new EbpfError(
    "BAD_VALUE",
    `Cannot decode records of ${map.name} as ${name}: it takes ${size} bytes, and they have ${written} (${fn.name}, instruction ${slot})`,
  );
}

function mayBeInto({ role, map: value }: MapCall, { name, type }: MapSpec): boolean {
  const names = mapNames(value);
  return role === mapKind(type).ring && (names.length === 0 || names.includes(name));
}

function sizeOf({ size, isAppended }: MapCall, map: MapSpec): number | undefined {
  return isConstant(size) && !isAppended ? recordLength(map, size.offset) : undefined;
}
