import { deviceAndInode } from "../../../host/named-files.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { EventFilter } from "../../scope.ts";
import { placeOfCgroup } from "./cgroup-place.ts";
import type { Conditions, PidCondition } from "./prologue.ts";

export type FilterConditions = Omit<Conditions, "command">;

/** TASK_COMM_LEN */
const commSize = 16;
/** PROC_PID_INIT_INO: the namespace of processes that the system begins with. */
const firstNamespace = 0xeffffffcn;

/** What the filter asks of the current task, as the kernel can be asked. Its cgroup is a folder that is one. */
export async function filterConditions(sys: Sys, filter: EventFilter): Promise<FilterConditions> {
  const { pid, uid, comm, cgroup } = filter;
  return {
    pid: pid === undefined ? undefined : pidCondition(pid),
    uid,
    comm: comm === undefined ? undefined : paddedComm(comm),
    cgroup: cgroup === undefined ? undefined : await placeOfCgroup(sys, cgroup),
  };
}

/** The number is that of this process's namespace. */
function pidCondition(pid: number): PidCondition {
  const { device, inode } = deviceAndInode("/proc/self/ns/pid");
  return { pid, namespace: inode === firstNamespace ? undefined : { device, inode } };
}

function paddedComm(comm: string): Uint8Array {
  const bytes = new Uint8Array(commSize);
  bytes.set(new TextEncoder().encode(comm));
  return bytes;
}
