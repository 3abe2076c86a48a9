import { mapKind } from "../../../kinds/map-kinds.ts";
import { checkMapSize } from "../../../spec/check-map-size.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import type { MachineMapImage } from "../machine/image.ts";
import type { Elements, MemoryPlan } from "../memory/region.ts";
import { valueStride } from "./value-area.ts";
import { refuse, type MapImplementation, type MapShape } from "../machine/map-implementation.ts";
import { mapImplementations } from "./map-implementations.gen.ts";

/** Bytes of one map, values and bookkeeping: the machine's whole memory has 32-bit addresses. */
const largestMap = 512 * 2 ** 20;

/** BPF_MAP_CREATE: checks a spec as the kernel does, and finds it a place. Nothing is written yet. */
export function planMap(spec: MapSpec, plan: MemoryPlan, cpus: number): MachineMapImage {
  const implementation = mapImplementations.get(spec.type);
  if (implementation === undefined) {
    const { name, value } = mapKind(spec.type);
    const why = value === "ops" ? ": it has no kernel that would call the programs (struct_ops)" : "";
    throw new NotSupportedError(
      `map type ${name}`,
      `Cannot create map ${spec.name}: the embedded engine has no maps of type ${name}${why}`,
    );
  }
  checkNumbers(spec, implementation);
  checkMapSize(spec);
  checkFlags(spec, implementation);
  const shape = implementation.shape(spec, cpus);
  checkSize(spec, shape);
  const place = [`map ${spec.name}`, shape.valueBytes, shape.access, elementsOf(spec, shape)] as const;
  const address = shape.valueBytes === 0 ? 0 : plan.reserve(...place);
  return {
    name: spec.name,
    type: spec.type,
    keySize: spec.keySize,
    valueSize: spec.valueSize,
    maxEntries: shape.maxEntries,
    flags: spec.flags,
    extra: Number(spec.mapExtra),
    readOnly: spec.readOnly,
    address,
    state:
      shape.stateBytes === 0 ? 0 : plan.reserve(`the bookkeeping of map ${spec.name}`, shape.stateBytes, "machine"),
  };
}

/** Undefined where there is one value only, or none. */
function elementsOf({ valueSize }: MapSpec, { maxEntries, valueBytes }: MapShape): Elements | undefined {
  const stride = valueStride(valueSize);
  const count = stride === 0 ? 0 : valueBytes / stride;
  return count > 1 ? { size: valueSize, stride, copies: count / maxEntries } : undefined;
}

function checkNumbers(spec: MapSpec, { extra = 0n }: MapImplementation): void {
  for (const number of [spec.keySize, spec.valueSize, spec.maxEntries, spec.flags]) {
    if (!Number.isInteger(number) || number < 0 || number > 0xffff_ffff) {
      throw refuse(spec, `${number} is not a size, a count or flags of 32 bits`);
    }
  }
  if ((spec.mapExtra & ~extra) !== 0n) {
    throw refuse(spec, `map_extra ${spec.mapExtra} means nothing for its type`);
  }
}

function checkFlags(spec: MapSpec, implementation: MapImplementation): void {
  const unknown = (spec.flags & ~implementation.flags) >>> 0;
  if (unknown !== 0) {
    throw new NotSupportedError(
      "map flags",
      `Cannot create map ${spec.name}: the embedded engine does not support map_flags 0x${unknown.toString(16)} for its type`,
    );
  }
}

function checkSize(spec: MapSpec, shape: MapShape): void {
  if (shape.valueBytes + shape.stateBytes > largestMap) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot create map ${spec.name}: ${spec.maxEntries} entries need ${shape.valueBytes + shape.stateBytes} bytes, and a map of the embedded engine has at most ${largestMap}; lower its max_entries`,
    );
  }
}
