import type { EbpfError } from "ebpf-ts";
import { printable } from "../output/text.ts";

/** Places beyond that are not told apart. */
const mostPlaces = 64;

/** Runs of programs that went wrong (embedded engine): each place is told at once, and how often it was at the end. */
export class Faults {
  readonly #counts = new Map<string, { readonly message: string; count: number }>();
  #others = 0;

  readonly tell = (fault: EbpfError): void => {
    const { program = "", instruction = fault.message } = fault as EbpfError & {
      program?: string;
      instruction?: number;
    };
    const place = `${program}:${instruction}`;
    const known = this.#counts.get(place);
    if (known !== undefined) {
      known.count += 1;
    } else if (this.#counts.size === mostPlaces) {
      this.#others += 1;
    } else {
      this.#counts.set(place, { message: fault.message, count: 1 });
      console.error(`ebpf: ${printable(fault.message)}`);
    }
  };

  get any(): boolean {
    return this.#counts.size > 0;
  }

  /** What was told once, and came again. */
  sayRepeated(): void {
    for (const { message, count } of this.#counts.values())
      if (count > 1) console.error(`ebpf: ${count} times: ${printable(message)}`);
    if (this.#others > 0) console.error(`ebpf: ${this.#others} times: programs were ended at other places`);
  }
}
