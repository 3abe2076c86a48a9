import { hasValue } from "../../btf/layout.ts";
import type { Btf } from "../../btf/types.ts";
import type { ExternReference } from "../types.ts";
import type { ObjectFile } from "./object-file.ts";

/** What the object says of one thing that the kernel is to provide. */
export interface Extern extends Pick<ExternReference, "section" | "type" | "size"> {
  readonly isFunction: boolean;
}

/** All that the kernel is to provide, by name: `__kconfig` settings, and `__ksym` functions and variables. */
export function readExterns({ btf, dataSections }: ObjectFile): ReadonlyMap<string, Extern> {
  const externs = new Map<string, Extern>();
  if (btf === undefined) return externs;
  for (const section of [".ksyms", ".kconfig"] as const) {
    for (const { type } of dataSections.get(section)?.variables ?? []) {
      const extern = btf.type(type);
      if (extern.kind !== "var" && extern.kind !== "func") continue;
      const isFunction = extern.kind === "func";
      externs.set(extern.name, { section, isFunction, ...typeOf(btf, extern.type, isFunction) });
    }
  }
  return externs;
}

/** `extern const void name` has an address, and no type. */
function typeOf(btf: Btf, type: number, isFunction: boolean): Pick<Extern, "type" | "size"> {
  if (!isFunction && btf.resolve(type).kind === "void") return { type: 0, size: 0 };
  return { type, size: !isFunction && hasValue(btf, type) ? btf.sizeOf(type) : 0 };
}
