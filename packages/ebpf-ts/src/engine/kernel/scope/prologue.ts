import type { Instruction } from "../../../insn/instruction.ts";
import { HelperId } from "../../../uapi/uapi.gen.ts";
import { CodeBuilder } from "./code-builder.ts";

/** A cgroup, by what the kernel can be asked of the current task: the id of that of its ancestors which stands on a level (0 is the root). */
export interface CgroupPlace {
  readonly id: bigint;
  readonly level: number;
}

/** What must hold of the current task. */
export interface Conditions {
  readonly pid: PidCondition | undefined;
  readonly uid: number | undefined;
  /** 16 bytes, padded with zeros. */
  readonly comm: Uint8Array | undefined;
  readonly cgroup: CgroupPlace | undefined;
  readonly command: CommandCondition | undefined;
}

export interface PidCondition {
  readonly pid: number;
  /** Where the number counts: undefined in the first namespace of the system. */
  readonly namespace: { readonly device: bigint; readonly inode: bigint } | undefined;
}

/** The commands of a collection: all that is in their cgroup, but for one that is being started, and has not become itself yet. */
export interface CommandCondition {
  readonly cgroup: CgroupPlace;
  /** Descriptor of the array of {@link gate}. */
  readonly gate: number;
}

/** The value of the gate's array: 64 bits each. */
export const gate = {
  /** The id of the cgroup, one level below that of the commands, whose command is being started; 0 when none is. */
  starting: 0,
  /** How many programs it was seen to execute. */
  executed: 8,
  size: 16,
} as const;

/**
 * What runs before a program: it goes on where all conditions hold of the current task, and leaves with 0 where one does not. The
 * registers that it uses are undefined at the start of a program, and so is the stack.
 *
 * ```text
 *   r6 = r1
 *   r1 = level;  call bpf_get_current_ancestor_cgroup_id;  if r0 != id goto leave
 *   r1 = r6
 *   …the program's own
 * ```
 */
export function prologue(conditions: Conditions): Instruction[] {
  const code = new CodeBuilder().copy(6, 1);
  const { pid, uid, comm, cgroup, command } = conditions;
  // What keeps most tasks out comes first.
  if (cgroup !== undefined) inCgroup(code, cgroup);
  if (command !== undefined) isOfCommand(code, command);
  if (pid !== undefined) isProcess(code, pid);
  if (uid !== undefined) code.call(HelperId.get_current_uid_gid).jumpIf32(0, "!=", uid, "leave");
  if (comm !== undefined) isNamed(code, comm);
  return code.goTo("enter").label("leave").leave(0).label("enter").copy(1, 6).finish();
}

function inCgroup(code: CodeBuilder, { id, level }: CgroupPlace): void {
  code.set(1, level).call(HelperId.get_current_ancestor_cgroup_id).set64(1, id).jumpIfRegister(0, "!=", 1, "leave");
}

function isOfCommand(code: CodeBuilder, { cgroup, gate: fd }: CommandCondition): void {
  inCgroup(code, cgroup);
  code
    .mapValue(1, fd)
    .load64(7, 1, gate.starting)
    .jumpIf(7, "==", 0, "started")
    .set(1, cgroup.level + 1)
    .call(HelperId.get_current_ancestor_cgroup_id)
    .jumpIfRegister(0, "==", 7, "leave")
    .label("started");
}

/** `struct bpf_pidns_info` */
const namespacedSize = 8;
const namespacedTgid = 4;

function isProcess(code: CodeBuilder, { pid, namespace }: PidCondition): void {
  if (namespace === undefined) {
    code.call(HelperId.get_current_pid_tgid).shiftRight(0, 32).jumpIf(0, "!=", pid, "leave");
    return;
  }
  code
    .set64(1, namespace.device)
    .set64(2, namespace.inode)
    .copy(3, 10)
    .addTo(3, -namespacedSize)
    .set(4, namespacedSize)
    .call(HelperId.get_ns_current_pid_tgid)
    .jumpIf(0, "!=", 0, "leave")
    .load32(1, 10, namespacedTgid - namespacedSize)
    .jumpIf(1, "!=", pid, "leave");
}

function isNamed(code: CodeBuilder, comm: Uint8Array): void {
  const view = new DataView(comm.buffer, comm.byteOffset, comm.byteLength);
  // Kernels from 6.0 to 6.3 write up to the end of the name, and leave what stands behind it.
  for (let at = 0; at < comm.length; at += 8) code.store64(10, at - comm.length, 0);
  code.copy(1, 10).addTo(1, -comm.length).set(2, comm.length).call(HelperId.get_current_comm);
  code.jumpIf(0, "!=", 0, "leave");
  for (let at = 0; at < comm.length; at += 8) {
    code
      .load64(1, 10, at - comm.length)
      .set64(2, view.getBigUint64(at, true))
      .jumpIfRegister(1, "!=", 2, "leave");
  }
}
