import { makeDecoder } from "../btf/codec/decoder.ts";
import { makeEncoder } from "../btf/codec/encoder.ts";
import type { RecordDecoder } from "../stream/record-stream.ts";
import type { RecordType, RingRecordType } from "./record-type.ts";
import { shapeDecoder } from "./shape-decoder.ts";
import { noEncoder, type SampleEncoder, sizeOf } from "./send/sample-encoder.ts";

/** Undefined for records that are known to have no type, which every ring copies by itself. */
export function recordDecoder<T>(record: RecordType): RecordDecoder<T> | undefined {
  return record.isSettled ? decoderOf(record.settle()) : lateDecoder(record);
}

/** `ring` is for errors. */
export function recordEncoder<T>(ring: string, record: RecordType): SampleEncoder<T> {
  return record.isSettled ? encoderOf(ring, record.settle()) : lateEncoder(ring, record);
}

export function copyBytes<T>(view: DataView, offset: number, length: number): T {
  return new Uint8Array(view.buffer, view.byteOffset + offset, length).slice() as T;
}

/** The first record settles what it is. */
function lateDecoder<T>(record: RecordType): RecordDecoder<T> {
  let decode: RecordDecoder<T> | undefined;
  return (view, offset, length) => (decode ??= decoderOf<T>(record.settle()) ?? copyBytes)(view, offset, length);
}

function decoderOf<T>(type: RingRecordType | undefined): RecordDecoder<T> | undefined {
  if (type === undefined) return undefined;
  const { btf, id, shapes, decode } = type;
  if (decode !== undefined) return (view, offset, length) => decode(copyBytes(view, offset, length)) as T;
  if (shapes !== undefined) return shapeDecoder<T>(type, shapes, copyBytes);
  const decoder = makeDecoder(btf, id);
  return decoder.decode.bind(decoder) as RecordDecoder<T>;
}

function lateEncoder<T>(ring: string, record: RecordType): SampleEncoder<T> {
  let encoder: SampleEncoder<T> | undefined;
  const settled = (): SampleEncoder<T> => (encoder ??= encoderOf(ring, record.settle()));
  return {
    size: 0,
    sizeFor: (value) => sizeOf(settled(), value),
    encode: (value, view, offset) => settled().encode(value, view, offset),
  };
}

function encoderOf<T>(ring: string, type: RingRecordType | undefined): SampleEncoder<T> {
  return type === undefined || type.id === 0 ? noEncoder(ring) : makeEncoder(type.btf, type.id);
}
