import { AttachType, LinkType, MapType, ProgType } from "./uapi.gen.ts";

/** The first name counts, but that the uapi lists a deprecated one before its successor. Looked for when asked: an import makes no tables. */
function nameOf(table: Readonly<Record<string, number>>, type: number): string {
  const found = Object.entries(table).find(([name, value]) => value === type && !name.endsWith("_DEPRECATED"));
  return found?.[0].toLowerCase() ?? `type ${type}`;
}

/** `ringbuf` for BPF_MAP_TYPE_RINGBUF; `type 99` for a number without a name. */
export function mapTypeName(type: number): string {
  if (typeof type !== "number") throw new TypeError("The type of mapTypeName() must be a BPF_MAP_TYPE_*");
  return nameOf(MapType, type);
}

/** `tracepoint` for BPF_PROG_TYPE_TRACEPOINT. */
export function programTypeName(type: number): string {
  return nameOf(ProgType, type);
}

/** `perf_event` for BPF_LINK_TYPE_PERF_EVENT. */
export function linkTypeName(type: number): string {
  return nameOf(LinkType, type);
}

/** `cgroup_inet_ingress` for BPF_CGROUP_INET_INGRESS. */
export function attachTypeName(type: number): string {
  return nameOf(AttachType, type);
}
