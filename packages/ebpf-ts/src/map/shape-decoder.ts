import { makeDecoder } from "../btf/codec/decoder.ts";
import type { RecordDecoder } from "../stream/record-stream.ts";
import type { RecordShape, RecordShapes, RingRecordType } from "./record-type.ts";

/** Decodes records of several types, and those that may not fit theirs. What is none of them goes to `otherwise`. */
export function shapeDecoder<T>(
  { btf }: RingRecordType,
  { told, each }: RecordShapes,
  otherwise: RecordDecoder<T>,
): RecordDecoder<T> {
  const decoders = each.map(({ id }) => {
    const decoder = makeDecoder(btf, id);
    return { size: decoder.size, decode: decoder.decode.bind(decoder) as RecordDecoder<T> };
  });
  if (told === "prefix") {
    const [{ size, decode }] = decoders as [(typeof decoders)[number]];
    return (view, offset, length) =>
      length >= size ? decode(view, offset, length) : decode(filledUp(view, offset, length, size), 0, size);
  }
  const choose = told === "tag" ? tagChooser(each) : lengthChooser(each);
  return (view, offset, length) => {
    const chosen = decoders[choose(view, offset, length)];
    return chosen === undefined || length < chosen.size
      ? otherwise(view, offset, length)
      : chosen.decode(view, offset, length);
  };
}

/** What is missing at the end of a record is zeros. */
function filledUp(view: DataView, offset: number, length: number, size: number): DataView {
  const bytes = new Uint8Array(size);
  bytes.set(new Uint8Array(view.buffer, view.byteOffset + offset, length));
  return new DataView(bytes.buffer);
}

type Chooser = (view: DataView, offset: number, length: number) => number;

function lengthChooser(each: readonly RecordShape[]): Chooser {
  const indices = new Map(each.map(({ length }, index) => [length, index]));
  return (_view, _offset, length) => indices.get(length) ?? -1;
}

function tagChooser(each: readonly RecordShape[]): Chooser {
  const tag = each[0]?.tag;
  if (tag === undefined) return () => -1;
  const indices = new Map(each.flatMap((shape, index) => (shape.tag?.values ?? []).map((value) => [value, index])));
  const { offset: start, size } = tag;
  return (view, offset, length) => {
    if (start + size > length) return -1;
    return indices.get(unsignedAt(view, offset + start, size)) ?? -1;
  };
}

function unsignedAt(view: DataView, at: number, size: number): number {
  switch (size) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true);
    case 4:
      return view.getUint32(at, true);
    default:
      return Number(view.getBigUint64(at, true));
  }
}
