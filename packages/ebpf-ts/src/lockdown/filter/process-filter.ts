import {
  type ClassicInstruction,
  encodeFilter,
  giveBack,
  jumpIfAtLeast,
  jumpIfEqual,
  loadWord,
  SeccompAction,
  x32Bit,
} from "../../sys/seccomp/classic-bpf.ts";
import { SeccompData } from "../../uapi/structs.gen.ts";
import type { FileAccess } from "../../engine/lock-down.ts";
import { allowedCalls, fileCalls, networkCalls, tracerCalls, watchCalls } from "./allowed-calls.ts";
import {
  allow,
  bpfRule,
  cloneRule,
  ioctlRule,
  memoryRule,
  openatRule,
  openRule,
  prctlRule,
  ptraceRule,
  refuse,
  type Rule,
  socketRule,
  unknown,
} from "./ruled-calls.ts";

export interface FilterPlan {
  /** By the kernel's names. */
  readonly numbers: Readonly<Record<string, number>>;
  /** AUDIT_ARCH_* */
  readonly audit: number;
  readonly pid: number;
  readonly files: FileAccess;
  readonly network: boolean;
  readonly readOnly: boolean;
  /** Whether a command is traced. */
  readonly traces: boolean;
  /** Whether the runtime has an io_uring already, without which its event loop ends the process. */
  readonly ring: boolean;
  /** Further system calls, by the kernel's names. */
  readonly also: readonly string[];
}

/**
 * A seccomp filter, as an array of `struct sock_filter`, that allows what a plan says. The rest is EPERM; what is newer than the table of
 * numbers is ENOSYS, so that who tries it falls back to what is older. What comes by the ABI of another architecture is EPERM as well.
 */
export function processFilter(plan: FilterPlan): Uint8Array {
  const { arch, nr } = SeccompData.fields;
  const newest = Math.max(...Object.values(plan.numbers));
  const program: ClassicInstruction[] = [
    loadWord(arch.at),
    jumpIfEqual(plan.audit, 1, 0),
    ...refuse,
    loadWord(nr.at),
    jumpIfAtLeast(x32Bit, 0, 1),
    ...refuse,
    jumpIfAtLeast(newest + 1, 0, 1),
    ...unknown,
  ];
  for (const [name, rule] of rulesOf(plan)) {
    const number = plan.numbers[name];
    if (number !== undefined) program.push(jumpIfEqual(number, 0, rule.length), ...rule);
  }
  return encodeFilter([...program, ...refuse]);
}

/** The first rule for a call counts: it is what the plan says more of than the next. */
function rulesOf(plan: FilterPlan): Map<string, Rule> {
  const found = new Map<string, Rule>();
  const add = (names: readonly string[], rule: Rule): void => {
    for (const name of names) if (!found.has(name)) found.set(name, rule);
  };
  add(plan.also, allow);
  // Ahead of what is allowed without a look at its arguments: of that the kernel keeps the answers (Linux 5.11), and runs no filter.
  add(["bpf"], bpfRule(plan.readOnly));
  add(["ioctl"], ioctlRule);
  add(["prctl"], prctlRule);
  add(["clone"], cloneRule);
  add(["clone3"], unknown);
  add(allowedCalls, allow);
  addFiles(plan.files, add);
  if (plan.network) {
    add(networkCalls, allow);
    add(["socket"], socketRule);
  }
  if (plan.traces) {
    add(tracerCalls, allow);
    add(["ptrace"], ptraceRule);
  }
  add(plan.readOnly ? ["process_vm_readv"] : ["process_vm_readv", "process_vm_writev"], memoryRule(plan.pid));
  if (plan.ring) add(["io_uring_enter"], allow);
  return found;
}

function addFiles(files: FileAccess, add: (names: readonly string[], rule: Rule) => void): void {
  if (files === "all") add(fileCalls, allow);
  if (files !== "read") return;
  add(watchCalls, allow);
  add(["open"], openRule);
  add(["openat"], openatRule);
  // Its flags are in memory, where no filter sees them.
  add(["openat2"], unknown);
}

/** Allows everything: for what a filter brings with it. */
export const noFilter: Uint8Array = encodeFilter([giveBack(SeccompAction.allow)]);
