import { type LoadedProgram, programs } from "ebpf-ts/kernel";

/** How often a program ran since the look before, and how long. */
export interface ProgramRate {
  readonly program: LoadedProgram;
  readonly runs: number;
  readonly runsPerSecond: number;
  readonly nanosecondsPerRun: number;
  /** Of one processor. */
  readonly cpuPercent: number;
}

interface Look {
  readonly at: number;
  readonly programs: ReadonlyMap<number, LoadedProgram>;
}

/** What programs did between one look and the next. */
export class RunRates {
  #last: Look;

  constructor() {
    this.#last = look();
  }

  /** Those that took most time come first. One that was loaded meanwhile is counted from its first run on. */
  next(): ProgramRate[] {
    const before = this.#last;
    this.#last = look();
    const seconds = (this.#last.at - before.at) / 1000;
    const rates = Array.from(this.#last.programs.values(), (program) =>
      rateOf(program, before.programs.get(program.id), seconds),
    );
    return rates.sort((a, b) => b.cpuPercent - a.cpuPercent || b.runs - a.runs || a.program.id - b.program.id);
  }
}

function look(): Look {
  return { at: performance.now(), programs: new Map(Array.from(programs(), (program) => [program.id, program])) };
}

function rateOf(program: LoadedProgram, before: LoadedProgram | undefined, seconds: number): ProgramRate {
  const runs = Number(program.runCount - (before?.runCount ?? 0n));
  const time = Number(program.runTimeNs - (before?.runTimeNs ?? 0n));
  return {
    program,
    runs,
    runsPerSecond: runs / seconds,
    nanosecondsPerRun: runs === 0 ? 0 : time / runs,
    cpuPercent: (time / 1e9 / seconds) * 100,
  };
}
