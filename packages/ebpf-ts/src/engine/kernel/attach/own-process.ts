import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import { pid } from "../../../host/this-process.ts";

/** With the number of this process where a target says 0: to the kernel that is the calling thread, every process, or nobody. */
export function withOwnProcess(target: AttachTarget): AttachTarget {
  return "pid" in target && target.pid === 0 ? { ...target, pid } : target;
}
