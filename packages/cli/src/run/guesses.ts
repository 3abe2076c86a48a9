import type { Collection } from "ebpf-ts";
import { mapKind, recordOf } from "ebpf-ts/spec";

/** Sources whose records are shown as a type that nothing proves, with the reason: they may be something else. */
export function guesses({ spec, maps }: Collection): string[] {
  const rings = spec.maps.filter(({ name, type }) => ["event", "perf"].includes(mapKind(type).ring!) && maps.has(name));
  return rings.flatMap((map) => {
    const { btf, variants, why } = recordOf(spec, map);
    if (btf === undefined || !variants.some(({ certainty }) => certainty === "guess")) return [];
    const names = variants.map(({ type }) => btf.nameOf(type)).join(" or ");
    return `${map.name} is shown as ${names}, ${why}; if it is another, say so with --type ${map.name}=struct`;
  });
}
