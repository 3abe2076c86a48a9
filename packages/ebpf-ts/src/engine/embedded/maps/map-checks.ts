import { mapKind } from "../../../kinds/map-kinds.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import type { MachineMapImage } from "../machine/image.ts";
import { valueStride } from "./value-area.ts";

/** PCPU_MIN_UNIT_SIZE: the largest value that the kernel's per-CPU allocator gives. */
const largestCpuValue = 32 * 1024;

/** Misuse by the caller: what has an errno as its result gives -EINVAL instead. */
export function checkKey(image: MachineMapImage, key: Uint8Array): void {
  if (key.length !== image.keySize) {
    throw new RangeError(`A key of map ${image.name} is ${image.keySize} bytes, not ${key.length}`);
  }
}

/** How many values an entry has. */
export function copiesOf(spec: MapSpec, cpus: number): number {
  if (!mapKind(spec.type).perCpu) return 1;
  checkCpuValue(spec);
  return cpus;
}

/** KMALLOC_MAX_SIZE where pages have 4 KiB: bpf(2) gives no larger value of a map without keys. */
const largestValue = 4 * 2 ** 20;

/** Of maps without keys. */
export function checkValueSize(spec: MapSpec): void {
  if (spec.valueSize <= largestValue) return;
  throw new EbpfError(
    "TOO_BIG",
    `Cannot create map ${spec.name}: its values have at most ${largestValue} bytes, and it declares ${spec.valueSize}`,
  );
}

function checkCpuValue(spec: MapSpec): void {
  if (valueStride(spec.valueSize) > largestCpuValue) {
    throw new EbpfError(
      "TOO_BIG",
      `Cannot create map ${spec.name}: a per-CPU value has at most ${largestCpuValue} bytes, and it declares ${spec.valueSize}`,
    );
  }
}
