import { EbpfError } from "../../../../base/errors.ts";
import type { MapSpec } from "../../../../spec/types.ts";
import { mapKind } from "../../../../kinds/map-kinds.ts";
import type { KernelMap } from "../kernel-map.ts";

/** Puts maps into maps of maps, and programs into prog arrays, where the object's C gives them initial values. */
export function fillSlots(
  spec: MapSpec,
  map: KernelMap,
  find: (name: string) => { readonly fd: number } | undefined,
): void {
  for (const slot of spec.slots) {
    const target = find(slot.name);
    if (target === undefined) {
      throw new EbpfError(
        "NOT_FOUND",
        `Cannot fill slot ${slot.index} of map ${spec.name}: there is no ${kind(spec)} ${slot.name} among what was loaded`,
      );
    }
    map.update(bytes(slot.index, spec.keySize), bytes(target.fd, 4), 0);
  }
}

export function holdsMaps(spec: MapSpec): boolean {
  return mapKind(spec.type).value === "map";
}

export function holdsPrograms(spec: MapSpec): boolean {
  return mapKind(spec.type).value === "program";
}

function kind(spec: MapSpec): string {
  return holdsMaps(spec) ? "map" : "program";
}

function bytes(value: number, size: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(Math.max(size, 4)));
  view.setUint32(0, value, true);
  return new Uint8Array(view.buffer, 0, size);
}
