import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import type { EngineMap } from "../engine/map.ts";
import type { PerfOptions } from "../engine/perf.ts";
import type { EngineRing } from "../engine/ring.ts";
import { mapKind, type NounKind } from "../kinds/map-kinds.ts";
import type { SharedAccess } from "../memory/shared-access.ts";
import { BpfMap } from "./bpf-map.ts";
import { memoryShape } from "./memory-shape.ts";
import type { Nouns } from "./nouns.ts";
import { PerfEventArray } from "./perf/perf-event-array.ts";
import type { PerfRingsParts } from "./perf/perf-rings.ts";
import { recordDecoder, recordEncoder } from "./record-codec.ts";
import type { RecordType } from "./record-type.ts";
import { RingBuf } from "./ring-buf.ts";
import { UserRingBuf } from "./user-ring-buf.ts";
import { codecFor, type ValueCodec } from "./value-codec.ts";

/** Ids in the BTF; 0 where a type is not known. */
export interface ValueTypes {
  readonly btf: Btf | undefined;
  readonly key: number;
  readonly value: number;
}

export interface NounParts {
  readonly types: ValueTypes;
  /** Of rings. */
  readonly record: RecordType;
  /** Of a perf event array: asked for when its rings are made. */
  readonly perf: () => PerfOptions;
  /** Of a ring whose losses the engine does not count. */
  readonly lost?: (() => number | undefined) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** A ring of either kind, whoever opened it. */
export interface RingParts {
  readonly name: string;
  readonly ring: EngineRing;
  readonly record: RecordType;
  readonly pin?: ((path: string) => void) | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** The noun for a map of an engine: its type says which. */
export function makeNoun(map: EngineMap, parts: NounParts): Nouns[NounKind] {
  return makers[mapKind(map.info.type).noun](map, parts);
}

const makers: { readonly [Noun in NounKind]: (map: EngineMap, parts: NounParts) => Nouns[Noun] } = {
  map: (map, { types, onClose }) => makeBpfMap(map, types, onClose),
  "ring-buf": (map, parts) => makeRingBuf({ ...ringOf(map), ...parts }),
  "user-ring-buf": (map, parts) => makeUserRingBuf({ ...ringOf(map), ...parts }),
  "perf-event-array": makePerfEventArray,
};

export function makeRingBuf<T>(parts: RingParts & Pick<NounParts, "lost">): RingBuf<T> {
  const { record, ...rest } = parts;
  return new RingBuf<T>({ ...rest, type: () => record.settle(), decode: recordDecoder<T>(record) });
}

export function makeUserRingBuf<T>(parts: RingParts & { readonly access?: SharedAccess }): UserRingBuf<T> {
  const { record, ...rest } = parts;
  return new UserRingBuf<T>({ ...rest, type: () => record.settle(), encoder: recordEncoder<T>(parts.name, record) });
}

function ringOf(map: EngineMap): Pick<RingParts, "name" | "ring" | "pin"> {
  return { name: map.info.name, ring: map.ring!(), pin: map.pin?.bind(map) };
}

function makePerfEventArray(map: EngineMap, { record, perf, onClose }: NounParts): PerfEventArray {
  const open = (): PerfRingsParts<unknown> => {
    const options = perf();
    const opened = map.perf!(options);
    record.settle();
    const { overwritable, watermark } = options;
    return { perf: opened, overwritable, watermark, decode: recordDecoder(record) };
  };
  return new PerfEventArray({ name: map.info.name, open, pin: map.pin?.bind(map), onClose });
}

function makeBpfMap(map: EngineMap, { btf, key, value }: ValueTypes, onClose: (() => void) | undefined): BpfMap {
  const { name, keySize, valueSize } = map.info;
  const codec = (type: number, size: number, what: string): ValueCodec =>
    checked(codecFor(btf, type, size, `a ${what} of map ${name}`), name, what, size);
  return new BpfMap({
    map,
    key: codec(key, keySize, "key"),
    value: codec(value, valueSize, "value"),
    shape: () => memoryShape(btf, value, valueSize, `map ${name}`),
    onClose,
  });
}

function checked(codec: ValueCodec, map: string, what: string, size: number): ValueCodec {
  if (codec.size === size) return codec;
  throw new EbpfError(
    "BAD_VALUE",
    `Cannot open map ${map}: its ${what}s have ${size} bytes, and the type given for them has ${codec.size}`,
  );
}
