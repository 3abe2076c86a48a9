import type { EngineMap } from "../../engine/map.ts";
import { BpfMap } from "../bpf-map.ts";
import { memoryShape } from "../memory-shape.ts";
import type { NounMaker, NounParts } from "../noun.ts";
import { keyCodec, valueCodec } from "../value-codec.ts";

export { BpfMap } from "../bpf-map.ts";

export const maker: NounMaker<BpfMap> = { door: "it has keys and values, open it with map()", make: makeBpfMap };

function makeBpfMap(map: EngineMap, { types: { btf, key, value }, onClose }: NounParts): BpfMap {
  const { info } = map;
  return new BpfMap({
    map,
    key: keyCodec(info, btf, key),
    value: valueCodec(info, btf, value),
    shape: () => memoryShape(btf, value, info.valueSize, `map ${info.name}`),
    onClose,
  });
}
