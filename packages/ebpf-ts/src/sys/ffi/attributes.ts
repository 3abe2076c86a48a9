import { addressOf } from "./libc.ts";

/** The argument of one bpf(2) call (`union bpf_attr`), and of other calls that take a struct. Offsets are the uapi's. */
export class Attributes {
  readonly bytes: ArrayBuffer;
  readonly size: number;
  readonly address: number;
  readonly #view: DataView;
  /** What the struct points at stays reachable as long as the struct does. */
  readonly #pointees = new Map<number, ArrayBuffer | ArrayBufferView>();

  constructor(size: number) {
    this.size = size;
    this.bytes = new ArrayBuffer(size);
    this.#view = new DataView(this.bytes);
    this.address = addressOf(this.bytes);
  }

  u32(offset: number, value: number): this {
    this.#view.setUint32(offset, value, true);
    return this;
  }

  u64(offset: number, value: bigint): this {
    this.#view.setBigUint64(offset, value, true);
    return this;
  }

  pointer(offset: number, target: ArrayBuffer | ArrayBufferView): this {
    this.#pointees.set(offset, target);
    return this.u64(offset, BigInt(addressOf(target)));
  }

  /** A NUL-terminated string elsewhere in memory. */
  string(offset: number, text: string): this {
    return this.pointer(offset, new TextEncoder().encode(`${text}\0`));
  }

  /** A name in the struct itself: BPF_OBJ_NAME_LEN is 16, its last byte is NUL. */
  name(offset: number, bytes: Uint8Array): this {
    new Uint8Array(this.bytes, offset, 16).set(bytes.subarray(0, 15));
    return this;
  }

  getU32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  getU64(offset: number): bigint {
    return this.#view.getBigUint64(offset, true);
  }
}
