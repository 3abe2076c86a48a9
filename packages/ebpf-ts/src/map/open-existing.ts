import { makeDecoder, makeEncoder } from "../btf/index.ts";
import type { EngineMap } from "../engine/engine.ts";
import { EbpfError, NotSupportedError } from "../errors.ts";
import { MapType } from "../uapi/uapi.gen.ts";
import type { MapTypes } from "./existing-types.ts";
import { memoryShape } from "./memory-shape.ts";
import { OpenMap } from "./open-map.ts";
import { RingBuf, type RingRecordType } from "./ring-buf.ts";
import { UserRingBuf } from "./user-ring-buf.ts";
import { codecFor, type ValueCodec } from "./value-codec.ts";

/** The noun for a map that exists already. It takes the map over: closing it calls `close`. */
export function openExisting(map: EngineMap, types: MapTypes, close: () => void): OpenMap | RingBuf | UserRingBuf {
  const { name, type } = map.info;
  switch (type) {
    case MapType.RINGBUF:
      return eventRing(map, recordOf(types), close);
    case MapType.USER_RINGBUF:
      return userRing(map, recordOf(types), close);
    case MapType.PERF_EVENT_ARRAY:
      throw new NotSupportedError(
        "perf event array",
        `Cannot open map ${name}: a perf event array is opened by loading its object`,
      );
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
