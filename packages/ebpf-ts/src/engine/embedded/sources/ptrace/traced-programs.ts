import { bytesForThreads } from "../../../../base/shared-bytes.ts";
import type { AttachedProgram } from "../event-source.ts";
import type { SyscallAttachPoint } from "./attach-point.ts";

/** A system call at which a program may be attached; survives `postMessage`. */
export interface TracedPlace {
  readonly point: SyscallAttachPoint;
  /** One word, for the tracing threads: the number of the program that is attached, and 1; 0 while none is. */
  readonly program: SharedArrayBuffer;
}

interface Entry extends TracedPlace {
  readonly word: Int32Array;
}

/**
 * The system calls of a collection's programs. A command is given those that stand here when it starts, attached or not: it stops at
 * their system calls only.
 */
export class TracedPrograms {
  readonly #entries: Entry[] = [];

  get all(): readonly TracedPlace[] {
    return this.#entries.map(({ point, program }) => ({ point, program }));
  }

  /** For a program that may be attached there at any time. */
  add(point: SyscallAttachPoint): void {
    this.#newEntry(point);
  }

  attach(program: number, point: SyscallAttachPoint): AttachedProgram {
    const free = this.#entries.find((entry) => Atomics.load(entry.word, 0) === 0 && isSame(entry.point, point));
    const { word } = free ?? this.#newEntry(point);
    const set = (other: number): void => void Atomics.store(word, 0, other + 1);
    let attached = true;
    set(program);
    return {
      replace: (other) => attached && set(other),
      detach: () => {
        if (attached) set(-1);
        attached = false;
      },
    };
  }

  #newEntry(point: SyscallAttachPoint): Entry {
    const program = bytesForThreads(4, "attach to system calls");
    const entry: Entry = { point, program, word: new Int32Array(program) };
    this.#entries.push(entry);
    return entry;
  }
}

function isSame(one: SyscallAttachPoint, other: SyscallAttachPoint): boolean {
  return one.when === other.when && one.context === other.context && one.syscall === other.syscall;
}
