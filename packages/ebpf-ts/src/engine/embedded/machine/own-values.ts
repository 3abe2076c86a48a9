import { writable } from "../memory/page-table.ts";
import type { ProgramMemory } from "../memory/program-memory.ts";
import { LookedUp } from "./looked-up.ts";

/**
 * The values of maps that are a run's own: as the kernel's verifier has it, each is memory by itself, and only once it was looked up.
 *
 * A run may look up millions, and needs no more of them than it can point at: what the verifier lets through keeps such pointers in
 * registers, on the stack and in dynptrs, and nowhere else. So when there are thousands, those to which nothing points are forgotten: a table of
 * fixed size does, and what a lookup costs does not grow.
 */
export class OwnValues {
  readonly #memory: ProgramMemory;
  readonly #pointers: () => number[];
  readonly #lookedUp: LookedUp = new LookedUp();
  /** The value that was touched last. */
  #start = 0;
  #end = 0;
  #isWritable = false;

  /** `pointers` gives whatever of the run could be an address, in any order. */
  constructor(memory: ProgramMemory, pointers: () => number[]) {
    this.#memory = memory;
    this.#pointers = pointers;
  }

  /** For a run that begins. */
  clear(): void {
    this.#lookedUp.clear();
    this.#start = 0;
    this.#end = 0;
  }

  /** A value, or NULL (0), is handed to the program, which may touch it from now on. */
  add(address: number, size: number): void {
    if (address === 0) return;
    const entry = this.#memory.pages.entryOf(address, 1);
    if (entry < 0 && !this.#lookedUp.add(address)) {
      this.#forget();
      this.#lookedUp.add(address);
    }
    this.#touch(address, size, (entry & writable) !== 0);
  }

  /** Whether all of an access is in the value that was touched last. */
  isLast(address: number, size: number, write: boolean): boolean {
    return address >= this.#start && address + size <= this.#end && (this.#isWritable || !write);
  }

  /** Of a page that has several values (`entry` is its word): whether the access is in one that was looked up. */
  allow(entry: number, address: number, size: number): boolean {
    const { start, size: length } = this.#memory.elementAt(entry, address);
    if (!this.#lookedUp.has(start)) return false;
    this.#touch(start, length, (entry & writable) !== 0);
    return address + size <= this.#end;
  }

  has(start: number): boolean {
    return this.#lookedUp.has(start);
  }

  #touch(start: number, size: number, isWritable: boolean): void {
    this.#start = start;
    this.#end = start + size;
    this.#isWritable = isWritable;
  }

  /** Keeps those that something points into, or beside: a loop ends with a pointer behind its last member. */
  #forget(): void {
    const pointers = Float64Array.from(this.#pointers()).sort();
    this.#lookedUp.keep((start) => {
      const { stride } = this.#memory.elementsAt(start);
      return hasBetween(pointers, start - stride, start + 2 * stride);
    });
  }
}

/** Whether one of the numbers, which ascend, lies between two others, or is one of them. */
function hasBetween(numbers: Float64Array, low: number, high: number): boolean {
  let from = 0;
  let to = numbers.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (numbers[middle]! < low) from = middle + 1;
    else to = middle;
  }
  return from < numbers.length && numbers[from]! <= high;
}

/** Adds to `found` what could be an address of the machine: those of some 64-bit words, low halves first, that are below 2^32. */
export function addPointers(words: Uint32Array, found: number[]): void {
  for (let index = 0; index < words.length; index += 2) {
    if (words[index + 1] === 0 && words[index] !== 0) found.push(words[index]!);
  }
}
