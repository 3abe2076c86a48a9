import { hasHoles } from "../btf/codec/holes.ts";
import { keepBytes } from "../btf/codec/kept-bytes.ts";
import { makePlan } from "../btf/codec/make-plan.ts";
import { type Decoder, makeDecoder } from "../btf/codec/decoder.ts";
import { makeEncoder } from "../btf/codec/encoder.ts";
import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import type { MapInfo } from "../engine/map.ts";
import { isKernelNumber, mapKind } from "../kinds/map-kinds.ts";

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
  const decode = padded ? withPadding(decoder, encode) : (bytes: Uint8Array) => decodeWhole(decoder, bytes);
  return { size: encoder.size, decode, encode };
}

function decodeWhole(decoder: Decoder, bytes: Uint8Array): unknown {
  return decoder.decode(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), 0, bytes.byteLength);
}

/** Lets objects of a type that has padding remember it, where it is other than the zeros that are written for it. */
export function withPadding(decoder: Decoder, encode: (value: unknown) => Uint8Array): (bytes: Uint8Array) => unknown {
  return (bytes) => {
    const value = decodeWhole(decoder, bytes);
    if (!isSame(encode(value), bytes)) keepBytes(value as object, bytes.slice());
    return value;
  };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.every((byte, index) => byte === b[index]);
}

/** The codec for a type id, or plain bytes when the object does not tell (id 0). */
export function codecFor(btf: Btf | undefined, type: number, size: number, what: string): ValueCodec {
  return btf === undefined || type === 0 ? bytesCodec(size, what) : btfCodec(btf, type);
}

/** Bytes of a whole key or value are taken as they are, whatever its type: what is known of that may differ from build to build. */
function isWhole(given: unknown, size: number): given is Uint8Array {
  return given instanceof Uint8Array && given.length === size;
}

/** Numbers that the kernel has: indices, descriptors, ids. Also as bytes. */
function numberCodec(what: string): ValueCodec {
  const bytes = bytesCodec(4, what);
  return {
    size: 4,
    decode: (number) => new DataView(number.buffer, number.byteOffset).getUint32(0, true),
    encode(value) {
      if (typeof value !== "number") return bytes.encode(value);
      if (value >>> 0 !== value)
        throw new EbpfError("BAD_VALUE", `Cannot encode ${what}: ${value} is not an integer from 0 to 4294967295`);
      return new Uint8Array(Uint32Array.of(value).buffer);
    },
  };
}

/** The codec for the values of a map, whose size a type that somebody has given must have. */
export function valueCodec(info: MapInfo, btf: Btf | undefined, type: number): ValueCodec {
  return mapCodec(info, btf, type, "value", isKernelNumber(mapKind(info.type).value));
}

export function keyCodec(info: MapInfo, btf: Btf | undefined, type: number): ValueCodec {
  return mapCodec(info, btf, type, "key", isKernelNumber(mapKind(info.type).key));
}

function mapCodec(
  { name, keySize, valueSize }: MapInfo,
  btf: Btf | undefined,
  type: number,
  which: "key" | "value",
  isNumber: boolean,
): ValueCodec {
  const size = which === "key" ? keySize : valueSize;
  const what = `a ${which} of map ${name}`;
  if (isNumber && size === 4 && (btf === undefined || type === 0)) return numberCodec(what);
  const codec = codecFor(btf, type, size, what);
  if (codec.size === size) return { ...codec, encode: (given) => (isWhole(given, size) ? given : codec.encode(given)) };
  throw new EbpfError(
    "BAD_VALUE",
    `Cannot open map ${name}: its ${which}s have ${size} bytes, and the type given for them has ${codec.size}`,
  );
}
