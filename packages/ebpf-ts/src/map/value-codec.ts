import { hasHoles } from "../btf/codec/holes.ts";
import { keepBytes } from "../btf/codec/kept-bytes.ts";
import { makePlan } from "../btf/codec/make-plan.ts";
import { makeDecoder, makeEncoder } from "../btf/index.ts";
import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";

/** How bytes become a value and back; made once per map from the object's BTF. */
export interface ValueCodec {
  /** Bytes of the type. */
  readonly size: number;
  decode(bytes: Uint8Array): unknown;
  encode(value: unknown): Uint8Array;
}

/** Values without a known type stay bytes. */
export function bytesCodec(size: number, what: string): ValueCodec {
  return {
    size,
    decode: (bytes) => bytes,
    encode(value) {
      if (!(value instanceof Uint8Array) || value.length !== size) {
        throw new EbpfError(
          "BAD_VALUE",
          `Cannot encode ${what}: it has no BTF type, so it takes a Uint8Array of ${size} bytes`,
        );
      }
      return value;
    },
  };
}

/** Entries are found by their bytes, padding included: an object that was decoded remembers what its members do not show. */
export function btfCodec(btf: Btf, type: number): ValueCodec {
  const decoder = makeDecoder(btf, type);
  const encoder = makeEncoder(btf, type);
  const padded = hasHoles(makePlan(btf, type));
  const encode = (value: unknown): Uint8Array => {
    const bytes = new Uint8Array(encoder.size);
    encoder.encode(value, new DataView(bytes.buffer), 0);
    return bytes;
  };
  const decode = (bytes: Uint8Array): unknown =>
    decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength);
  return {
    size: encoder.size,
    decode(bytes) {
      const value = decode(bytes);
      if (padded && !isSame(encode(value), bytes)) keepBytes(value as object, bytes.slice());
      return value;
    },
    encode,
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index]);
}

/** The codec for a type id, or plain bytes when the object does not tell (id 0). */
export function codecFor(btf: Btf | undefined, type: number, size: number, what: string): ValueCodec {
  return btf === undefined || type === 0 ? bytesCodec(size, what) : btfCodec(btf, type);
}
