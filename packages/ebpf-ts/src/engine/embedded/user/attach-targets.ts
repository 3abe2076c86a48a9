import { NotSupportedError } from "../../../base/errors.ts";

/** Section kinds and targets whose events the embedded engine has: the system calls of the commands that it starts. */
const targets: readonly { readonly kinds: ReadonlySet<string>; readonly target: RegExp }[] = [
  { kinds: new Set(["tracepoint", "tp"]), target: /^(syscalls\/sys_(enter|exit)_\w+|raw_syscalls\/sys_(enter|exit))$/ },
  {
    kinds: new Set(["raw_tracepoint", "raw_tp", "raw_tracepoint.w", "raw_tp.w", "tp_btf"]),
    target: /^sys_(enter|exit)$/,
  },
];

export function checkAttachTarget(program: {
  readonly name: string;
  readonly kind: string;
  readonly attachTo: string;
}): void {
  const { name, kind, attachTo } = program;
  if (targets.some(({ kinds, target }) => kinds.has(kind) && target.test(attachTo))) return;
  const where = attachTo === "" ? kind : `${kind}/${attachTo}`;
  throw new NotSupportedError(
    where,
    `Cannot attach program ${name} to ${where}: the events of the embedded engine are system calls (tracepoint/syscalls/*, raw_tp/sys_enter, raw_tp/sys_exit); run it by hand, or use the kernel engine`,
  );
}
