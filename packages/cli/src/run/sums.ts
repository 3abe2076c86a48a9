import type { Collection } from "ebpf-ts";
import { RingBuf } from "ebpf-ts";
import { mapKind } from "ebpf-ts/spec";
import { printable } from "../output/text.ts";
import type { Source } from "./sources.ts";

/** What came and what was lost: of all together, and, where there are several, of each. */
export function sums(bpf: Collection, sources: readonly Source[]): string[] {
  if (sources.length === 0) return [];
  const received = sources.reduce((sum, source) => sum + source.received, 0);
  const overwritten = overwrittenBytes(bpf);
  const total = `received ${received} · ${lostText(bpf, sources)}`;
  const first = overwritten === 0 ? total : `${total} · overwritten ${overwritten} bytes`;
  if (sources.length === 1) return [first];
  return [first, ...sources.map((source) => `  ${printable(source.name)}: ${sumOfOne(source)}`)];
}

function sumOfOne({ received, lost }: Source): string {
  return lost === undefined ? `received ${received}` : `received ${received} · lost ${lost}`;
}

/** Ring buffers may have a counter in common, or none. */
function lostText(bpf: Collection, sources: readonly Source[]): string {
  const rings = sources.filter(({ kind }) => kind === "ring");
  const others = sources.filter(({ kind }) => kind !== "ring");
  const ofRings = rings.length === 0 ? 0 : bpf.lost;
  if (ofRings === undefined && others.length === 0) return "lost not counted by this object";
  const lost = others.reduce((sum, source) => sum + (source.lost ?? 0), ofRings ?? 0);
  if (ofRings !== undefined) return `lost ${lost}`;
  return `lost ${lost}, without ${rings.map(({ name }) => printable(name)).join(" and ")}, which this object does not count`;
}

function overwrittenBytes(bpf: Collection): number {
  const rings = bpf.spec.maps.filter(({ name, type }) => mapKind(type).ring === "event" && bpf.maps.has(name));
  return rings.reduce((sum, { name }) => {
    const ring = bpf.maps.get(name);
    return ring instanceof RingBuf ? sum + ring.overwritten : sum;
  }, 0);
}

/** When a run is over, in words. */
export function endingsText(command: string | undefined, duration: number | undefined): string {
  const ends = [
    ...(command === undefined ? [] : [`${command} ends`]),
    ...(duration === undefined ? [] : [`${duration} s are over`]),
    "Ctrl-C",
  ];
  return ends.join(", or until ");
}
