import { EbpfError } from "../../base/errors.ts";
import type { EngineMap } from "../../engine/map.ts";
import { BpfMap } from "../bpf-map.ts";
import { memoryShape } from "../memory-shape.ts";
import type { NounMaker, NounParts } from "../noun.ts";
import { codecFor, type ValueCodec } from "../value-codec.ts";

export { BpfMap } from "../bpf-map.ts";

export const maker: NounMaker<BpfMap> = { door: "it is no ring, open it with map()", make: makeBpfMap };

function makeBpfMap(map: EngineMap, { types: { btf, key, value }, onClose }: NounParts): BpfMap {
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
