import { makeDecoder, makeEncoder } from "../btf/index.ts";
import type { EngineMap } from "../engine/map.ts";
import { EbpfError } from "../base/errors.ts";
import type { RecordDecoder } from "../stream/record-stream.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import type { MapTypes } from "./existing-types.ts";
import { memoryShape } from "./memory-shape.ts";
import { OpenMap } from "./open-map.ts";
import { PerfEventArray } from "./perf/perf-event-array.ts";
import { perfOptions, type PerfRingOptions } from "./perf/perf-options.ts";
import { RingBuf } from "./ring-buf.ts";
import type { RingRecordType } from "./ring-handles.ts";
import { UserRingBuf } from "./user-ring-buf.ts";
import { codecFor, type ValueCodec } from "./value-codec.ts";

/** A map that somebody else made: its type says which noun it is. Whoever opens it closes it. */
export type ExistingMap = OpenMap | RingBuf | UserRingBuf | PerfEventArray;

export interface ExistingParts {
  readonly map: EngineMap;
  readonly types: MapTypes;
  readonly perf: PerfRingOptions | undefined;
  readonly close: () => void;
}

/** The noun for a map that exists already. It takes the map over: closing it calls `close`. */
export function openExisting({ map, types, perf, close }: ExistingParts): ExistingMap {
  const { name, type } = map.info;
  const { noun } = mapKind(type);
  if (perf !== undefined && noun !== "perf-event-array") {
    throw new TypeError(`Cannot open map ${name} with the option perf: it is no perf event array`);
  }
  switch (noun) {
    case "ring-buf":
      return eventRing(map, recordOf(types), close);
    case "user-ring-buf":
      return userRing(map, recordOf(types), close);
    case "perf-event-array":
      return perfRings(map, recordOf(types), perf ?? {}, close);
    default:
      return ordinaryMap(map, types, close);
  }
}

function recordOf({ btf, record }: MapTypes): RingRecordType | undefined {
  return btf === undefined || record === 0 ? undefined : { btf, id: record };
}

function eventRing(map: EngineMap, type: RingRecordType | undefined, onClose: () => void): RingBuf {
  const decoder = type && makeDecoder(type.btf, type.id);
  const pin = map.pin?.bind(map);
  return new RingBuf({
    name: map.info.name,
    ring: map.ring!(),
    type,
    decode: decoder?.decode.bind(decoder),
    pin,
    onClose,
  });
}

function userRing(map: EngineMap, type: RingRecordType | undefined, onClose: () => void): UserRingBuf {
  const encoder = type && makeEncoder(type.btf, type.id);
  const pin = map.pin?.bind(map);
  return new UserRingBuf({ name: map.info.name, ring: map.ring!(), type, encoder, pin, onClose });
}

function perfRings(
  map: EngineMap,
  type: RingRecordType | undefined,
  options: PerfRingOptions,
  onClose: () => void,
): PerfEventArray {
  const checked = perfOptions(options);
  const decoder = type && makeDecoder(type.btf, type.id);
  const decode = decoder?.decode.bind(decoder) as RecordDecoder<unknown> | undefined;
  const pin = map.pin?.bind(map);
  const { name } = map.info;
  return new PerfEventArray({
    name,
    perf: map.perf!(checked),
    overwritable: checked.overwritable,
    watermark: checked.watermark,
    decode,
    pin,
    onClose,
  });
}

function ordinaryMap(map: EngineMap, types: MapTypes, close: () => void): OpenMap {
  const { name, keySize, valueSize } = map.info;
  const key = codecFor(types.btf, types.key, keySize, `a key of map ${name}`);
  const value = codecFor(types.btf, types.value, valueSize, `a value of map ${name}`);
  checkSize(name, "keys", key, keySize);
  checkSize(name, "values", value, valueSize);
  const shape = (): ReturnType<typeof memoryShape> => memoryShape(types.btf, types.value, valueSize, `map ${name}`);
  return new OpenMap({ map, key, value, shape, close });
}

function checkSize(name: string, what: string, codec: ValueCodec, size: number): void {
  if (codec.size === size) return;
  throw new EbpfError(
    "BAD_VALUE",
    `Cannot open map ${name}: its ${what} have ${size} bytes, and the type given for them has ${codec.size}`,
  );
}
