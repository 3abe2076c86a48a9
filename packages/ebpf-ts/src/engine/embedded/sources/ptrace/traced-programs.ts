import { bytesForThreads } from "../../../../base/shared-bytes.ts";
import type { SyscallAttachPoint } from "./attach-point.ts";

/** A program that may be attached to a system call; survives `postMessage`. */
export interface TracedProgram {
  readonly program: number;
  readonly point: SyscallAttachPoint;
  /** One word, for the tracing threads: 1 while it is attached. */
  readonly attached: SharedArrayBuffer;
}

interface Entry extends TracedProgram {
  readonly word: Int32Array;
  links: number;
}

/**
 * The programs of a collection and their system calls. A command is given those that stand here when it starts, attached or not: it stops at
 * their system calls only.
 */
export class TracedPrograms {
  readonly #entries: Entry[] = [];

  get all(): readonly TracedProgram[] {
    return this.#entries.map(({ program, point, attached }) => ({ program, point, attached }));
  }

  add(program: number, point: SyscallAttachPoint): void {
    this.#entryOf(program, point);
  }

  /** Gives what detaches it again. */
  attach(program: number, point: SyscallAttachPoint): () => void {
    const entry = this.#entryOf(program, point);
    changeLinks(entry, 1);
    let attached = true;
    return () => {
      if (attached) changeLinks(entry, -1);
      attached = false;
    };
  }

  #entryOf(program: number, point: SyscallAttachPoint): Entry {
    const known = this.#entries.find((entry) => entry.program === program && isSame(entry.point, point));
    if (known !== undefined) return known;
    const attached = bytesForThreads(4, "attach to system calls");
    const entry: Entry = { program, point, attached, word: new Int32Array(attached), links: 0 };
    this.#entries.push(entry);
    return entry;
  }
}

function changeLinks(entry: Entry, by: number): void {
  entry.links += by;
  Atomics.store(entry.word, 0, entry.links > 0 ? 1 : 0);
}

function isSame(one: SyscallAttachPoint, other: SyscallAttachPoint): boolean {
  return one.when === other.when && one.context === other.context && one.syscall === other.syscall;
}
