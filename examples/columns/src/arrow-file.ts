import { closeSync, openSync, writeSync } from "node:fs";
import {
  type Data,
  Field,
  Float64,
  Int32,
  makeData,
  RecordBatch,
  RecordBatchFileWriter,
  Schema,
  Struct,
  Uint32,
  Utf8,
} from "apache-arrow";
import type { Columns } from "ebpf-ts";
import type { Read } from "./reads.bpf.ts";

/** The columns of one batch of reads. */
export type Reads = Columns<Read, "time" | "pid" | "bytes" | "comm", object>;

const schema = new Schema([
  new Field("time", new Float64()),
  new Field("pid", new Uint32()),
  new Field("bytes", new Int32()),
  new Field("comm", new Utf8()),
]);

/**
 * Writes each batch while it is there. The writer that it extends keeps what it writes for whoever reads that later, and by then the memory
 * of the columns has the next batch.
 */
class FileWriter extends RecordBatchFileWriter {
  readonly #file: number;

  constructor(path: string) {
    super();
    this.#file = openSync(path, "w");
  }

  protected override _write(chunk: ArrayBufferView): this {
    if (!this._started || chunk.byteLength === 0) return this;
    this._position += writeSync(this.#file, new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    return this;
  }

  override close(): void {
    super.close();
    closeSync(this.#file);
  }
}

/** A file in the format of Apache Arrow, a record batch for each batch of the ring. */
export class ArrowFile {
  readonly #writer: FileWriter;
  #rows = 0;

  constructor(path: string) {
    this.#writer = new FileWriter(path);
    this.#writer.reset(undefined, schema);
  }

  get rows(): number {
    return this.#rows;
  }

  write(reads: Reads): void {
    const { length } = reads.pid;
    const children = dataOf(reads);
    this.#writer.write(new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length, children })));
    this.#rows += length;
  }

  close(): void {
    this.#writer.close();
  }
}

/** The columns as Arrow's data: the same memory. */
export function dataOf({ time, pid, bytes, comm }: Reads): Data[] {
  return [
    makeData({ type: new Float64(), data: time }),
    makeData({ type: new Uint32(), data: pid as Uint32Array }),
    makeData({ type: new Int32(), data: bytes as Int32Array }),
    makeData({ type: new Utf8(), length: comm.length, valueOffsets: comm.offsets, data: comm.bytes }),
  ];
}
