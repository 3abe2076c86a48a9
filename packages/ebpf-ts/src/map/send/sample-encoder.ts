import { EbpfError } from "../../base/errors.ts";

/** Writes a value at `offset`, all of its bytes. */
export interface SampleEncoder<T> {
  readonly size: number;
  /** Bytes that this value takes, where values differ. */
  sizeFor?(value: T): number;
  encode(value: T, view: DataView, offset: number): void;
}

export function sizeOf<T>(encoder: SampleEncoder<T>, value: T): number {
  return encoder.sizeFor === undefined ? encoder.size : encoder.sizeFor(value);
}

/** For one ring, whose samples have no known type; `ring` is for errors. */
export function bytesEncoder<T>(ring: string): SampleEncoder<T> {
  /** Over the ring's view, which is always the same. */
  let data: Uint8Array | undefined;
  return {
    size: 0,
    sizeFor(value) {
      if (value instanceof Uint8Array) return value.length;
      throw new EbpfError(
        "BAD_VALUE",
        `Cannot send to ring ${ring}: its samples have no known type, so it takes a Uint8Array`,
      );
    },
    encode(value, view, offset) {
      data ??= new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
      data.set(value as Uint8Array, offset);
    },
  };
}
