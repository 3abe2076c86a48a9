import { findProgramKind } from "../kinds/find-program-kind.ts";

/** As libbpf has it: a program whose section could name its place, and does not, waits to be told. */
export function attachesItself({ kind, attachTo }: { readonly kind: string; readonly attachTo: string }): boolean {
  return findProgramKind(kind)?.attaches === "as named" && attachTo !== "";
}
