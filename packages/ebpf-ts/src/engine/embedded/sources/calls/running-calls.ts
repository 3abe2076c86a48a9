import type { AttachPlace } from "../attach-place.ts";
import { AttachedPrograms } from "../attached-programs.ts";
import type { ContextType } from "../context-type.ts";
import type { AttachPoint, RunningSource, SourceHost } from "../event-source.ts";
import { type PtRegs, ptRegs } from "../pt-regs.ts";
import { CallMemory, CallTask } from "./call-memory.ts";

/** The calls of one collection. */
export class RunningCalls implements RunningSource {
  readonly #host: SourceHost;
  readonly #find: (place: string) => string | undefined;
  readonly #onStop: () => void;
  readonly #registers: PtRegs;
  readonly #context: ContextType;
  readonly #calls = new AttachedPrograms<string>();
  readonly #returns = new AttachedPrograms<string>();

  /** `find` gives the function that a place names. */
  constructor(host: SourceHost, find: (place: string) => string | undefined, onStop: () => void) {
    this.#host = host;
    this.#find = find;
    this.#onStop = onStop;
    this.#registers = ptRegs[host.architecture];
    this.#context = { size: this.#registers.size };
  }

  find({ kind, name, atReturn }: AttachPlace): AttachPoint | undefined {
    const found = kind === "uprobe" ? this.#find(name) : undefined;
    if (found === undefined) return undefined;
    const programs = atReturn ? this.#returns : this.#calls;
    return { context: this.#context, attach: (program) => programs.attach(found, program) };
  }

  stop(): void {
    this.#onStop();
  }

  onCall(name: string, args: readonly unknown[]): void {
    const programs = this.#calls.at(name);
    if (programs.length > 0) this.#fire(programs, this.#registers.args, args);
  }

  onReturn(name: string, result: unknown): void {
    const programs = this.#returns.at(name);
    if (programs.length > 0) this.#fire(programs, [this.#registers.result], [result]);
  }

  /** Values beyond the registers would lie on the stack: they are not seen. */
  #fire(programs: readonly number[], registers: readonly number[], values: readonly unknown[]): void {
    const memory = new CallMemory();
    const bytes = new Uint8Array(this.#context.size);
    const view = new DataView(bytes.buffer);
    registers.slice(0, values.length).forEach((at, index) => view.setBigUint64(at, memory.word(values[index]), true));
    const task = new CallTask(this.#host.task(), memory);
    for (const program of programs) this.#host.fire(program, { type: this.#context, bytes }, task);
  }
}
