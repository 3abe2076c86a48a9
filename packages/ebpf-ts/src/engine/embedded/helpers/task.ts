import { u32, type HelperGroup } from "./helper.ts";

/** TASK_COMM_LEN, with the final NUL. */
const commSize = 16;
const encoder = new TextEncoder();

function pair(upper: number, lower: number): bigint {
  return (BigInt(upper >>> 0) << 32n) | BigInt(lower >>> 0);
}

export const taskHelpers: HelperGroup = {
  get_current_pid_tgid: (run) => pair(run.task.tgid, run.task.pid),
  get_current_uid_gid: (run) => pair(run.task.gid, run.task.uid),

  /** Like the kernel's strscpy_pad: always terminated, the rest zero. */
  get_current_comm(run, to, size) {
    const target = run.writable(to, u32(size));
    const comm = encoder.encode(run.task.comm).subarray(0, Math.max(0, Math.min(commSize, target.length) - 1));
    target.fill(0);
    target.set(comm);
    return 0n;
  },

  get_smp_processor_id: (run) => BigInt(run.cpu.index),
  /** The machine has one memory node. */
  get_numa_node_id: () => 0n,
  get_prandom_u32: () => BigInt(Math.floor(Math.random() * 0x1_0000_0000)),
};
