import { findProgramKind } from "../kinds/find-program-kind.ts";
import type { AttachKind } from "./attach-kind.ts";
import { attachKinds } from "./attach-kinds.gen.ts";
import type { AttachTarget } from "./attach-targets.gen.ts";

const kinds: Readonly<Record<string, AttachKind<AttachTarget>>> = attachKinds as never;

/**
 * As libbpf has it: a program whose section could name its place, and does not, waits to be told; and so does one of a place that takes more
 * than a name.
 */
export function attachesItself({ kind, attachTo }: { readonly kind: string; readonly attachTo: string }): boolean {
  const row = findProgramKind(kind);
  if (row?.attaches !== "as named" || attachTo === "") return false;
  return kinds[row.place]?.alsoNeeds?.(attachTo) === undefined;
}
