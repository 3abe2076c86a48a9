import { BloomFilter } from "../keyless/bloom-filter.ts";
import type { NounMaker } from "../noun.ts";
import { valueCodec } from "../value-codec.ts";

export { BloomFilter } from "../keyless/bloom-filter.ts";

export const maker: NounMaker<BloomFilter> = {
  door: "it is a Bloom filter, open it with bloomFilter()",
  make: (map, { types: { btf, value }, onClose }) =>
    new BloomFilter({ map, value: valueCodec(map.info, btf, value), onClose }),
};
