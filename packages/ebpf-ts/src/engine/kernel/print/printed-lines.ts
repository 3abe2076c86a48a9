import type { PrintedLine } from "../../prints.ts";
import type { EventFormat } from "./event-format.ts";
import { readTracePage } from "./trace-page.ts";

export interface LineFormats {
  /** Of bpf_trace:bpf_trace_printk. */
  readonly line: EventFormat;
  /** Of ftrace:kernel_stack. */
  readonly stack: EventFormat;
}

/** A line of which nobody knows yet who printed it. */
interface Unclaimed {
  readonly line: PrintedLine;
}

/** A program that prints may be interrupted by one that prints, and so on; more than that do not wait for their stacks. */
const mostUnclaimed = 16;
const decoder = new TextDecoder();

/**
 * The lines of one CPU. The stack of whoever printed follows each line, or, where an interrupt printed in between, the lines of that one and
 * their stacks: so a stack belongs to the last line that has none.
 */
export class PrintedLines {
  readonly #cpu: number;
  readonly #formats: LineFormats;
  readonly #isOwn: (stack: readonly bigint[]) => boolean;
  readonly #onLine: (line: PrintedLine) => void;
  readonly #unclaimed: Unclaimed[] = [];

  constructor(
    cpu: number,
    formats: LineFormats,
    isOwn: (stack: readonly bigint[]) => boolean,
    onLine: (line: PrintedLine) => void,
  ) {
    this.#cpu = cpu;
    this.#formats = formats;
    this.#isOwn = isOwn;
    this.#onLine = onLine;
  }

  /** Gives how many events were lost before it. */
  read(page: DataView): number {
    return readTracePage(page, (view, at, length, time) => this.#onEvent(view, at, length, time));
  }

  #onEvent(view: DataView, at: number, length: number, time: bigint): void {
    if (length < 8) return;
    const type = view.getUint16(at, true);
    if (type === this.#formats.line.id) this.#onPrint(view, at, length, time);
    else if (type === this.#formats.stack.id) this.#onStack(view, at, length);
  }

  #onPrint(view: DataView, at: number, length: number, time: bigint): void {
    const field = this.#formats.line.fields.get("bpf_string");
    const pid = this.#formats.line.fields.get("common_pid");
    if (field === undefined || pid === undefined || field.at + 4 > length || pid.at + 4 > length) return;
    // __data_loc: the offset below, the length above, the NUL included.
    const place = view.getUint32(at + field.at, true);
    const start = Math.min(place & 0xffff, length);
    const end = Math.min(start + (place >>> 16), length);
    const bytes = new Uint8Array(view.buffer, view.byteOffset + at + start, end - start);
    const nul = bytes.indexOf(0);
    const text = decoder.decode(nul < 0 ? bytes : bytes.subarray(0, nul)).replace(/\n$/, "");
    if (this.#unclaimed.length === mostUnclaimed) this.#unclaimed.shift();
    this.#unclaimed.push({ line: { text, pid: view.getInt32(at + pid.at, true), cpu: this.#cpu, time } });
  }

  #onStack(view: DataView, at: number, length: number): void {
    const printed = this.#unclaimed.pop();
    const size = this.#formats.stack.fields.get("size");
    const callers = this.#formats.stack.fields.get("caller");
    if (printed === undefined || size === undefined || callers === undefined || size.at + 4 > length) return;
    const room = Math.floor((length - callers.at) / 8);
    const count = Math.max(0, Math.min(view.getInt32(at + size.at, true), room));
    const stack = Array.from({ length: count }, (_, index) => view.getBigUint64(at + callers.at + 8 * index, true));
    if (this.#isOwn(stack)) this.#onLine(printed.line);
  }
}
