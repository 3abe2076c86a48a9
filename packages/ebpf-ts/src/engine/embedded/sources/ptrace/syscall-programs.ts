import type { SyscallAttachPoint } from "./attach-point.ts";
import type { TracedPlace } from "./traced-programs.ts";

/** A program that system calls run, as long as there is one. */
export interface SyscallProgram {
  readonly context: SyscallAttachPoint["context"];
  /** One word: see {@link TracedPlace}. */
  readonly program: Int32Array;
}

/** The programs to run for a system call, in the order in which they were given. */
export interface SyscallPrograms {
  readonly enter: readonly SyscallProgram[];
  readonly exit: readonly SyscallProgram[];
}

const none: SyscallPrograms = { enter: [], exit: [] };

/** Which programs run for which system call. */
export class SyscallTable {
  /** The system calls at which a task must stop; undefined when that is all of them. */
  readonly syscalls: readonly number[] | undefined;
  readonly #bySyscall = new Map<number, SyscallPrograms>();
  readonly #others: SyscallPrograms;

  constructor(places: readonly TracedPlace[]) {
    const select = (syscall: number | undefined, when: "enter" | "exit"): SyscallProgram[] =>
      places
        .filter(({ point }) => point.when === when && (point.syscall === undefined || point.syscall === syscall))
        .map(({ point, program }) => ({ context: point.context, program: new Int32Array(program) }));
    const named = new Set(places.flatMap(({ point }) => (point.syscall === undefined ? [] : [point.syscall])));
    for (const syscall of named) {
      this.#bySyscall.set(syscall, { enter: select(syscall, "enter"), exit: select(syscall, "exit") });
    }
    const all = places.some(({ point }) => point.syscall === undefined);
    this.#others = all ? { enter: select(undefined, "enter"), exit: select(undefined, "exit") } : none;
    this.syscalls = all ? undefined : [...named].sort((a, b) => a - b);
  }

  of(syscall: number): SyscallPrograms {
    return this.#bySyscall.get(syscall) ?? this.#others;
  }
}
