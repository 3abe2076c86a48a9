import { Queue } from "../keyless/queue.ts";
import type { NounMaker } from "../noun.ts";
import { valueCodec } from "../value-codec.ts";

export { Queue } from "../keyless/queue.ts";

export const maker: NounMaker<Queue> = {
  door: "it is a queue or a stack, open it with queue()",
  make: (map, { types: { btf, value }, onClose }) =>
    new Queue({ map, value: valueCodec(map.info, btf, value), onClose }),
};
