import { NotSupportedError } from "../../../base/errors.ts";
import { findProgramKind } from "../../../kinds/find-program-kind.ts";
import type { PlaceKind } from "../../../kinds/program-kind.ts";

/** The places whose events the embedded engine has: the system calls of the commands that it starts. */
const places: Readonly<Partial<Record<PlaceKind, RegExp>>> = {
  tracepoint: /^(syscalls\/sys_(enter|exit)_\w+|raw_syscalls\/sys_(enter|exit))$/,
  raw_tracepoint: /^sys_(enter|exit)$/,
  tp_btf: /^sys_(enter|exit)$/,
};

export function checkAttachTarget(program: {
  readonly name: string;
  readonly kind: string;
  readonly attachTo: string;
}): void {
  const { name, kind, attachTo } = program;
  if (places[findProgramKind(kind)?.place ?? "nothing"]?.test(attachTo) === true) return;
  const where = attachTo === "" ? kind : `${kind}/${attachTo}`;
  throw new NotSupportedError(
    where,
    `Cannot attach program ${name} to ${where}: the events of the embedded engine are system calls (tracepoint/syscalls/*, raw_tp/sys_enter, raw_tp/sys_exit); run it by hand, or use the kernel engine`,
  );
}
