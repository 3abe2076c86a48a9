import type { Btf } from "../../btf/types.ts";

/** Whether a type is a pointer to a function, by whatever name. */
export function isFunctionPointer(btf: Btf, type: number): boolean {
  const pointer = btf.resolve(type);
  return pointer.kind === "ptr" && btf.resolve(pointer.type).kind === "func_proto";
}
