import { EbpfError } from "../../../base/errors.ts";
import { mapKind } from "../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../spec/types.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { mapTypeName } from "../../../uapi/type-names.ts";
import { MapFlag } from "../../../uapi/uapi.gen.ts";
import { mapInfo } from "../object-info.ts";
import { entriesOf, flagsOf } from "./create-map.ts";

interface MapShape {
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags: number;
  readonly mapExtra: bigint;
}

/** Of one descriptor, and forgotten when that is made (bpf_map_flags_retain_permanent in kernel/bpf/syscall.c). */
const ofDescriptors = MapFlag.RDONLY | MapFlag.WRONLY;

/** A map that exists serves only if it is what the object would have created. `which` follows "Cannot use the map". */
export function checkSame(sys: Sys, map: { readonly fd: number }, spec: MapSpec, which: string): void {
  const found: MapShape = mapInfo(sys, map);
  const wanted: MapShape = { ...spec, maxEntries: entriesOf(sys, spec), flags: flagsOf(spec) };
  if (isSame(found, wanted)) return;
  throw new EbpfError(
    "NOT_SUPPORTED",
    `Cannot use the map ${which}: it is ${show(found)}, the object wants ${show(wanted)}; remove it, or change the object`,
  );
}

function isSame(found: MapShape, wanted: MapShape): boolean {
  return (
    found.type === wanted.type &&
    found.keySize === wanted.keySize &&
    found.valueSize === wanted.valueSize &&
    found.maxEntries === wanted.maxEntries &&
    found.mapExtra === wanted.mapExtra &&
    lasting(found) === lasting(wanted)
  );
}

/** Flags that a map keeps, and was asked for. */
function lasting({ type, flags }: MapShape): number {
  return flags & ~(ofDescriptors | mapKind(type).addedFlags);
}

function show({ type, keySize, valueSize, maxEntries, flags, mapExtra }: MapShape): string {
  const extra = mapExtra === 0n ? "" : `, map_extra ${mapExtra}`;
  return `${mapTypeName(type)} with key ${keySize}, value ${valueSize} bytes, ${maxEntries} entries, flags ${flags}${extra}`;
}
