import type { NounMaker } from "../noun.ts";
import { StructOps } from "../struct-ops/struct-ops.ts";

export { StructOps } from "../struct-ops/struct-ops.ts";

export const maker: NounMaker<StructOps> = {
  door: "it is of struct_ops, open it with structOps()",
  make: (map, { attach, onClose }) => new StructOps({ map, attach, onClose }),
};
