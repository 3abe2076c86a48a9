import type { AttachTarget, AttachTargetOf } from "../../../attach/attach-targets.gen.ts";
import { writeTarget } from "../../../attach/target-of.ts";
import { NotSupportedError } from "../../../base/errors.ts";
import { findProgramKind } from "../../../kinds/find-program-kind.ts";
import type { PlaceKind } from "../../../kinds/program-kind.ts";

export type { PlaceKind } from "../../../kinds/program-kind.ts";

/** Where a program is attached, however that was said: by its section, or by hand. */
export interface AttachPlace {
  readonly kind: PlaceKind;
  /** What sections say after the kind and a slash: `syscalls/sys_enter_kill`, `/bin/sh:main`. May be empty. */
  readonly name: string;
  /** Where the function returns, rather than where it begins. */
  readonly atReturn: boolean;
}

/** What the section of a program says: `kind` stands before the first slash, `attachTo` after it. */
export function placeOfSection({ kind, attachTo }: { readonly kind: string; readonly attachTo: string }): AttachPlace {
  const known = findProgramKind(kind);
  return { kind: known?.place ?? "nothing", name: attachTo, atReturn: known?.atReturn ?? false };
}

/** What a target says, or leaves to the section. */
export function placeOfTarget(target: AttachTarget, { kind }: { readonly kind: string }): AttachPlace {
  const { pid, returns = findProgramKind(kind)?.atReturn === true } = target as Partial<AttachTargetOf<"uprobe">>;
  if (pid !== undefined) {
    throw new NotSupportedError(
      "attach to a process",
      `Cannot attach to ${target.kind}/${writeTarget(target)} of process ${pid} alone: the embedded engine does not tell processes apart there`,
    );
  }
  refuseKernelOnly(target);
  return { kind: target.kind, name: writeTarget(target), atReturn: returns };
}

/** What no program here could ask for. */
function refuseKernelOnly(target: AttachTarget): void {
  const option = (["cookie", "refCtrOffset"] as const).find((name) => Object(target)[name] !== undefined);
  if (option === undefined) return;
  throw new NotSupportedError(
    `attach with ${option}`,
    `Cannot attach to ${target.kind}/${writeTarget(target)} with the option ${option}: the embedded engine does not have that`,
  );
}

/** For messages. */
export function describePlace({ kind, name, atReturn }: AttachPlace): string {
  const place = name === "" ? kind : `${kind}/${name}`;
  return atReturn ? `the return of ${place}` : place;
}
