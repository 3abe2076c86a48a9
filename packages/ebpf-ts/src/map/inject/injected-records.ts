import { type Encoder, makeEncoder } from "../../btf/codec/encoder.ts";
import type { Injector, WriteRecord } from "../../engine/injector.ts";
import { aCount, aFunction } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { type Lookahead, lookahead } from "../../stream/lookahead.ts";
import type { RingRecordType } from "../record-type.ts";

/** What one call injects, in its order. Records may be asked for again until they are dropped. */
export interface InjectedRecords {
  /** Whether there is another one. */
  readonly any: boolean;
  /** Bytes of the payload of the next one. */
  readonly nextSize: number;
  /**
   * Stages as many as the batch, which was begun, has room for. `bytes` are those of the injector's view. Where it throws, those before
   * the record that failed are staged.
   */
  stage(injector: Injector, bytes: Uint8Array): void;
  /** The first `count` are injected. */
  drop(count: number): void;
  /** No more is asked for. */
  close(): void;
}

/** Values that are looked at ahead: there may be many more than a batch has room for. */
const longestRun = 1024;

/** Turns values into records, for one ring. */
export class ValueEncoder<T> {
  readonly #ring: string;
  readonly #type: () => RingRecordType | undefined;
  #encoder: Encoder | undefined;

  /** `ring` is for errors; without a type it takes bytes only. */
  constructor(ring: string, type: () => RingRecordType | undefined = () => undefined) {
    this.#ring = ring;
    this.#type = type;
  }

  records(values: Iterable<T | Uint8Array>): InjectedRecords {
    return new ValueRecords(lookahead(values), this);
  }

  sizeOf(value: T | Uint8Array): number {
    return isBytes(value) ? value.length : this.encoder.sizeFor(value);
  }

  /** The value as it is now, for who writes it later. One that cannot be encoded fails then. */
  kept(value: T | Uint8Array): T | Uint8Array {
    if (isBytes(value)) return new Uint8Array(value);
    try {
      const bytes = new Uint8Array(this.encoder.sizeFor(value));
      this.encoder.encode(value, new DataView(bytes.buffer), 0);
      return bytes;
    } catch {
      return value;
    }
  }

  get encoder(): Encoder {
    return (this.#encoder ??= this.#make());
  }

  #make(): Encoder {
    const type = this.#type();
    if (type !== undefined && type.id !== 0) return makeEncoder(type.btf, type.id);
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot inject into ring ${this.#ring}: its records have no one known type, so it takes a Uint8Array`,
    );
  }
}

class ValueRecords<T> implements InjectedRecords {
  readonly #values: Lookahead<T | Uint8Array>;
  readonly #encoder: ValueEncoder<T>;

  constructor(values: Lookahead<T | Uint8Array>, encoder: ValueEncoder<T>) {
    this.#values = values;
    this.#encoder = encoder;
  }

  get any(): boolean {
    return this.#values.has(0);
  }

  get nextSize(): number {
    return this.#encoder.sizeOf(this.#values.at(0));
  }

  stage(injector: Injector, bytes: Uint8Array): void {
    const values = this.#values;
    for (let index = 0; values.has(index);) {
      const run = this.#stageRun(injector, index);
      if (run > 0) {
        index += run;
        continue;
      }
      const value = values.at(index);
      const staged = isBytes(value) ? stageBytes(injector, bytes, value) : this.#stageValue(injector, value);
      if (!staged) return;
      index += 1;
    }
  }

  /** Objects of one size that stand in an array, in one loop, as records that are filled in place. Gives how many found room. */
  #stageRun(injector: Injector, index: number): number {
    const { rest } = this.#values;
    if (rest === undefined) return 0;
    const first = rest.from + index;
    const { values } = rest;
    const last = Math.min(first + longestRun, values.length);
    let end = first;
    while (end < last && !isBytes(values[end])) end += 1;
    if (end === first || this.#encoder.encoder.isOpen) return 0;
    const { encoder } = this.#encoder;
    const before = injector.staged;
    injector.fill(end - first, encoder.size, (view, offset, at) => encoder.encode(values[at], view, offset), first);
    return injector.staged - before;
  }

  #stageValue(injector: Injector, value: T): boolean {
    const { encoder } = this.#encoder;
    const size = encoder.sizeFor(value);
    const offset = injector.stage(size);
    if (offset < 0) return false;
    try {
      encoder.encode(value, injector.view, offset, size);
    } catch (error) {
      injector.unstage();
      throw error;
    }
    return true;
  }

  drop(count: number): void {
    this.#values.drop(count);
  }

  close(): void {
    this.#values.close();
  }
}

function stageBytes(injector: Injector, into: Uint8Array, value: Uint8Array): boolean {
  const offset = injector.stage(value.length);
  if (offset >= 0) into.set(value, offset);
  return offset >= 0;
}

/** Asked of every value: the first half is an instruction or two, and nearly always says no. */
function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && value instanceof Uint8Array;
}

/** Records of one size that are written in place. */
export class FilledRecords implements InjectedRecords {
  readonly #size: number;
  readonly #write: WriteRecord;
  readonly #count: number;
  #dropped = 0;

  constructor(count: number, size: number, write: WriteRecord) {
    aCount(count, "The number of records of injectFill()");
    aCount(size, "The size of a record of injectFill()");
    aFunction(write, "The callback of injectFill()");
    this.#count = count;
    this.#size = size;
    this.#write = write;
  }

  get any(): boolean {
    return this.#dropped < this.#count;
  }

  get nextSize(): number {
    return this.#size;
  }

  stage(injector: Injector): void {
    injector.fill(this.#count - this.#dropped, this.#size, this.#write, this.#dropped);
  }

  drop(count: number): void {
    this.#dropped += count;
  }

  close(): void {}
}
