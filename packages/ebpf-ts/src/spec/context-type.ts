import type { Btf } from "../btf/types.ts";
import type { CollectionSpec, FunctionSpec } from "./types.ts";

/**
 * The struct that a program's first parameter points to, as the object lays it out: a BTF type id, 0 where there is none, or where the
 * kernel lays it out: code that CO-RE moves to other offsets says that the object knows only a part of it.
 */
export function contextTypeOf(
  spec: Pick<CollectionSpec, "btf" | "programs" | "functions">,
  program: FunctionSpec,
): number {
  const { btf } = spec;
  if (btf === undefined || program.btfFunction === 0) return 0;
  const context = pointedStruct(btf, program.btfFunction);
  if (context === 0) return 0;
  const own = btf.resolve(context).id;
  const moved = [...spec.programs, ...spec.functions].some(({ coreRelocations }) =>
    coreRelocations.some(({ type }) => btf.resolve(type).id === own),
  );
  return moved ? 0 : context;
}

function pointedStruct(btf: Btf, func: number): number {
  const type = btf.type(func);
  const prototype = type.kind === "func" ? btf.type(type.type) : type;
  const [first] = prototype.kind === "func_proto" ? prototype.parameters : [];
  if (first === undefined || first.type === 0) return 0;
  const pointer = btf.resolve(first.type);
  if (pointer.kind !== "ptr") return 0;
  const { kind } = btf.resolve(pointer.type);
  return kind === "struct" || kind === "union" ? pointer.type : 0;
}
