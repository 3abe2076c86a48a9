import { type NounMaker, type NounParts, type RingParts, ringParts } from "../noun.ts";
import { recordDecoder } from "../record-codec.ts";
import { RingBuf } from "../ring-buf.ts";

export { RingBuf } from "../ring-buf.ts";

export const maker: NounMaker<RingBuf> = {
  door: "it is a ring buffer, open it with ringBuf()",
  make: (map, parts) => makeRingBuf({ ...ringParts(map, parts), lost: parts.lost }),
};

export function makeRingBuf<T>({ record, ...parts }: RingParts & Pick<NounParts, "lost">): RingBuf<T> {
  return new RingBuf<T>({ ...parts, type: () => record.settle(), decode: recordDecoder<T>(record) });
}
