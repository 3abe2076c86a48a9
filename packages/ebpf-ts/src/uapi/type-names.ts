import { LinkType, MapType, ProgType } from "./uapi.gen.ts";

/** First name wins: the uapi lists a deprecated one before its successor, so those are skipped. */
function invert(table: Readonly<Record<string, number>>): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  for (const [name, value] of Object.entries(table)) {
    if (!name.endsWith("_DEPRECATED") && !names.has(value)) names.set(value, name.toLowerCase());
  }
  return names;
}

const mapTypes = invert(MapType);
const programTypes = invert(ProgType);
const linkTypes = invert(LinkType);

/** `ringbuf` for BPF_MAP_TYPE_RINGBUF; `type 99` for a number without a name. */
export function mapTypeName(type: number): string {
  if (typeof type !== "number") throw new TypeError("The type of mapTypeName() must be a BPF_MAP_TYPE_*");
  return mapTypes.get(type) ?? `type ${type}`;
}

/** `tracepoint` for BPF_PROG_TYPE_TRACEPOINT. */
export function programTypeName(type: number): string {
  return programTypes.get(type) ?? `type ${type}`;
}

/** `perf_event` for BPF_LINK_TYPE_PERF_EVENT. */
export function linkTypeName(type: number): string {
  return linkTypes.get(type) ?? `type ${type}`;
}
