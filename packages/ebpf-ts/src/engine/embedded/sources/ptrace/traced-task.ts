import { tooManyFiles } from "../../../../base/errors.ts";
import { readShortFile } from "../../../../host/system-files.ts";
import type { ProcessMemory } from "../../../../sys/process/process-memory.ts";
import type { Task } from "../../machine/contracts.ts";

/** A traced thread, as programs see it. What can change is read from /proc when a program asks, once an event. */
export class TracedTask implements Task {
  readonly pid: number;
  readonly #memory: ProcessMemory;
  #tgid = 0;
  #comm: string | undefined;
  #status: Status | undefined;

  constructor(tid: number, memory: ProcessMemory) {
    this.pid = tid;
    this.#memory = memory;
  }

  /** To be called before each event: a task can rename itself, and change its user, at any time. */
  forget(): void {
    this.#comm = undefined;
    this.#status = undefined;
  }

  get tgid(): number {
    if (this.#tgid === 0) this.#tgid = this.#readStatus().tgid;
    return this.#tgid;
  }

  get uid(): number {
    return this.#readStatus().uid;
  }

  get gid(): number {
    return this.#readStatus().gid;
  }

  get comm(): string {
    this.#comm ??= readProc(this.pid, "comm").replace(/\n$/, "");
    return this.#comm;
  }

  get cgroup(): string | undefined {
    return /^0::(.*)$/m.exec(readProc(this.pid, "cgroup"))?.[1];
  }

  readUser(address: bigint, into: Uint8Array): boolean {
    return this.#memory.read(this.pid, address, into);
  }

  #readStatus(): Status {
    this.#status ??= parseStatus(readProc(this.pid, "status"), this.pid);
    return this.#status;
  }
}

interface Status {
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
}

/** The overflow ids (nobody) stand in for a task that is gone. */
const nobody = 65534;

/** The first number of `Uid:` and `Gid:` is the real one, which bpf_get_current_uid_gid gives. */
function parseStatus(text: string, tid: number): Status {
  const number = (name: string, otherwise: number): number => {
    const match = new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(text);
    return match === null ? otherwise : Number(match[1]);
  };
  return { tgid: number("Tgid", tid), uid: number("Uid", nobody), gid: number("Gid", nobody) };
}

/** Empty when the task is gone, which no lack of descriptors is to look like. `status` has some 1,500 bytes. */
function readProc(tid: number, name: string): string {
  try {
    return readShortFile(`/proc/${tid}/${name}`);
  } catch (cause) {
    const shortage = tooManyFiles(cause, "tell a program who runs it");
    if (shortage !== undefined) throw shortage;
    return "";
  }
}
