import { EbpfError } from "../../base/errors.ts";
import { type Capability, missingPrivilege } from "../../engine/kernel/privilege.ts";
import { Errno, errnoName } from "../../uapi/errno.ts";

/** Whether the running kernel has something, as far as this process can find out. */
export interface Probed {
  readonly outcome: "yes" | "no" | "cannot tell";
  /** Why it cannot be told, or why not, where more is known than that: one sentence without its end. */
  readonly reason?: string | undefined;
  /** The first Linux that has it; undefined where this library does not know. */
  readonly since: string | undefined;
}

export type Answer = Omit<Probed, "since">;

export const yes: Answer = { outcome: "yes" };
export const no: Answer = { outcome: "no" };

export function cannotTell(reason: string): Answer {
  return { outcome: "cannot tell", reason };
}

/** For an errno that says nothing of what was asked for. `needs`: what the kernel asks of who loads such a thing. */
export function untold(errno: number, needs?: readonly Capability[]): Answer {
  if (errno === Errno.EPERM) return cannotTell(missingPrivilege(needs));
  if (errno === Errno.ENOSYS) return { outcome: "no", reason: "this kernel has no bpf(2)" };
  return cannotTell(`the kernel answers ${errnoName(errno)}`);
}

/** What the library refuses, as where there is no Linux, is no answer either. */
export async function probe(since: string | undefined, ask: () => Answer | Promise<Answer>): Promise<Probed> {
  try {
    return { ...(await ask()), since };
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    return { ...cannotTell(error.message), since };
  }
}
