import { EbpfError } from "../base/errors.ts";
import { findProgramKind } from "../kinds/find-program-kind.ts";
import type { AttachKind } from "./attach-kind.ts";
import { attachKinds } from "./attach-kinds.gen.ts";
import type { AttachTarget } from "./attach-targets.gen.ts";
import { type ProgramToAttach, targetOf } from "./target-of.ts";

const kinds: Readonly<Record<string, AttachKind<AttachTarget>>> = attachKinds as never;

/**
 * As libbpf has it: a program whose section could name its place, and does not, waits to be told; and so does one of a place that takes more
 * than a name.
 */
export function attachesItself({ kind, attachTo }: Pick<ProgramToAttach, "kind" | "attachTo">): boolean {
  const row = findProgramKind(kind);
  if (row?.attaches !== "as named" || attachTo === "") return false;
  return kinds[row.place]?.alsoNeeds?.(attachTo) === undefined;
}

/** Why a program cannot be attached without being told where; undefined for those that can, and for those that are never attached. */
export function whyNotByItself(program: ProgramToAttach): string | undefined {
  if (findProgramKind(program.kind)?.attaches === "never") return undefined;
  try {
    targetOf(program, undefined);
  } catch (error) {
    if (error instanceof EbpfError) return error.message;
    throw error;
  }
  return attachesItself(program) ? undefined : `Cannot attach program ${program.name} by itself: say where`;
}
