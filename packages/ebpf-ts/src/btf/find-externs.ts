import type { Btf } from "./types.ts";

/** Ids of what the kernel is to provide: its section, its functions and variables, and the prototypes of functions. */
export function findExterns(btf: Btf): ReadonlySet<number> {
  const externs = new Set<number>();
  for (let id = 1; id < btf.length; id++) {
    const type = btf.type(id);
    if (type.kind === "datasec" && type.name === ".ksyms") externs.add(id);
    if ((type.kind !== "func" && type.kind !== "var") || type.linkage !== "extern") continue;
    externs.add(id);
    if (type.kind === "func") externs.add(type.type);
  }
  return externs;
}
