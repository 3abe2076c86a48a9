import type { GrowingFile } from "../../../host/trace-files.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { EnginePrints, PrintedLine } from "../../prints.ts";
import { PrintedLines } from "./printed-lines.ts";
import { type KernelCodeRange, codeOf, isPrintedBy, kernelCode } from "./printing-code.ts";
import { TraceInstance } from "./trace-instance.ts";

/** Milliseconds between two looks: after one that found something, and at most. */
const shortest = 10;
const longest = 160;
/** Pages of one CPU that are read in a row. */
const pagesAtOnce = 64;

/** What these programs print, and no others: told by the stack that the kernel keeps with each line. Or what all print. */
export class KernelPrints implements EnginePrints {
  readonly #sys: Sys;
  readonly #code: KernelCodeRange[];
  readonly #instance: TraceInstance;
  readonly #buffers: readonly { readonly file: GrowingFile; readonly lines: PrintedLines }[];
  readonly #page: DataView;
  readonly #onFailure: (error: unknown) => void;
  readonly ready: Promise<void>;
  #isOwn: ((stack: readonly bigint[]) => boolean) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause: number = shortest;
  #lost = 0;
  #open = true;

  /** `programs`: undefined for all that there are. `onFailure` is told why there are no lines any more. */
  constructor(
    sys: Sys,
    programs: Iterable<{ readonly fd: number }> | undefined,
    onLine: (line: PrintedLine) => void,
    onFailure: (error: unknown) => void,
  ) {
    this.#onFailure = onFailure;
    this.#sys = sys;
    this.#code = codeOf(sys, programs ?? []);
    this.#instance = new TraceInstance();
    const formats = {
      line: this.#instance.formatOf("bpf_trace/bpf_trace_printk"),
      stack: this.#instance.formatOf("ftrace/kernel_stack"),
    };
    this.#page = new DataView(new ArrayBuffer(this.#instance.pageSize));
    const isOwn = (stack: readonly bigint[]): boolean => this.#isOwn!(stack);
    this.#buffers = Array.from(this.#instance.openBuffers(), ([cpu, file]) => ({
      file,
      lines: new PrintedLines(cpu, formats, isOwn, onLine),
    }));
    this.ready = programs === undefined ? this.#takeAll() : this.#takeOwn();
    this.ready.catch(() => {});
    this.#lookAgain();
  }

  async #takeAll(): Promise<void> {
    this.#isOwn = () => true;
  }

  async #takeOwn(): Promise<void> {
    const kernel = await kernelCode();
    this.#isOwn = (stack) => isPrintedBy(this.#code, kernel, stack);
  }

  /** One that was loaded later. */
  addProgram(program: { readonly fd: number }): void {
    if (this.#open) this.#code.push(...codeOf(this.#sys, [program]));
  }

  get lost(): number {
    return this.#lost;
  }

  /** Lines that are read now wait in the kernel's buffer until it is known whose they are. */
  async drain(): Promise<void> {
    await this.ready;
    if (this.#open) this.#read();
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#timer);
    this.#instance.close();
  }

  #lookAgain(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#pause);
  }

  async #look(): Promise<void> {
    try {
      await this.ready;
      if (!this.#open) return;
      this.#pause = this.#read() ? shortest : Math.min(2 * this.#pause, longest);
      this.#lookAgain();
    } catch (error) {
      if (!this.#open) return;
      this.close();
      this.#onFailure(error);
    }
  }

  /** Whether there was anything. */
  #read(): boolean {
    let found = false;
    for (const { file, lines } of this.#buffers) {
      for (let turn = 0; turn < pagesAtOnce; turn += 1) {
        const length = file.read(new Uint8Array(this.#page.buffer));
        if (length === 0) break;
        found = true;
        this.#lost += lines.read(new DataView(this.#page.buffer, 0, length));
      }
    }
    return found;
  }
}
