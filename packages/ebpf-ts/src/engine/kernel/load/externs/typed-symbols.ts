import { typesAreCompatible } from "../../../../btf/core/compatible.ts";
import { essentialName } from "../../../../btf/core/relocation-kind.ts";
import { RelocationProblem } from "../../../../btf/core/relocation-problem.ts";
import type { Btf } from "../../../../btf/types.ts";
import type { ExternReference } from "../../../../spec/types.ts";

/** Type id in the BTF of the kernel, or of a module; `other` where what has the name there has another type. */
export type TypedSymbol = number | "other";

/** A function (kfunc) or variable of the kernel with the type that the object says it has; undefined where there is none of that name. */
export function findTyped(local: Btf, kernel: Btf, { name, type }: ExternReference): TypedSymbol | undefined {
  const isFunction = local.resolve(type).kind === "func_proto";
  const found = isFunction ? kernel.find(essentialName(name), "func")[0] : kernel.find(name, "var")[0];
  if (found?.kind !== "func" && found?.kind !== "var") return undefined;
  return areCompatible(local, type, kernel, found.type) ? found.id : "other";
}

/** As CO-RE has it, without what qualifies them. */
function areCompatible(local: Btf, type: number, kernel: Btf, kernelType: number): boolean {
  try {
    return typesAreCompatible(local, local.resolve(type).id, kernel, kernel.resolve(kernelType).id);
  } catch (error) {
    if (error instanceof RelocationProblem) return false;
    throw error;
  }
}
