import type { MachineProgramImage } from "../../machine/contracts.ts";
import { syscallAttachPoint } from "./attach-point.ts";
import type { SyscallAttachPoint } from "./attach-point.ts";

/** A program of the collection that system calls can run. */
export interface SyscallProgram {
  readonly index: number;
  readonly context: SyscallAttachPoint["context"];
}

/** The programs to run for a system call, in the order of the collection. */
export interface SyscallPrograms {
  readonly enter: readonly SyscallProgram[];
  readonly exit: readonly SyscallProgram[];
}

const none: SyscallPrograms = { enter: [], exit: [] };

/** Which programs run for which system call. All programs stand here, since they are attached and detached at any time. */
export class SyscallTable {
  /** The system calls at which a task must stop; undefined when that is all of them. */
  readonly syscalls: readonly number[] | undefined;
  readonly #bySyscall = new Map<number, SyscallPrograms>();
  readonly #others: SyscallPrograms;

  constructor(programs: readonly MachineProgramImage[], architecture: string) {
    const points: { readonly index: number; readonly point: SyscallAttachPoint }[] = [];
    for (const [index, { kind, attachTo }] of programs.entries()) {
      const point = pointOf(kind, attachTo, architecture);
      if (point !== undefined) points.push({ index, point });
    }
    const select = (syscall: number | undefined, when: "enter" | "exit"): SyscallProgram[] =>
      points
        .filter(({ point }) => point.when === when && (point.syscall === undefined || point.syscall === syscall))
        .map(({ index, point }) => ({ index, context: point.context }));
    const named = new Set(points.flatMap(({ point }) => (point.syscall === undefined ? [] : [point.syscall])));
    for (const syscall of named) {
      this.#bySyscall.set(syscall, { enter: select(syscall, "enter"), exit: select(syscall, "exit") });
    }
    const all = points.some(({ point }) => point.syscall === undefined);
    this.#others = all ? { enter: select(undefined, "enter"), exit: select(undefined, "exit") } : none;
    this.syscalls = all ? undefined : [...named].sort((a, b) => a - b);
  }

  of(syscall: number): SyscallPrograms {
    return this.#bySyscall.get(syscall) ?? this.#others;
  }
}

/** A program whose system call does not exist here could not be attached, so it has no events. */
function pointOf(kind: string, attachTo: string, architecture: string): SyscallAttachPoint | undefined {
  try {
    return syscallAttachPoint(kind, attachTo, architecture);
  } catch {
    return undefined;
  }
}
