import type { Btf, BtfComposite, BtfEnum, BtfEnum64, BtfType } from "../types.ts";
import { essentialName } from "./relocation-kind.ts";
import { RelocationProblem } from "./relocation-problem.ts";

/** As libbpf has it, for chains of types and for functions in functions. */
export const maxDepth = 32;

export function isEnum(type: BtfType): type is BtfEnum | BtfEnum64 {
  return type.kind === "enum" || type.kind === "enum64";
}

function isComposite(type: BtfType): type is BtfComposite {
  return type.kind === "struct" || type.kind === "union";
}

/** Kinds that CO-RE takes for each other: the same, or two enums of any width. */
export function sameKind(local: BtfType, target: BtfType): boolean {
  return local.kind === target.kind || (isEnum(local) && isEnum(target));
}

/**
 * Whether a field may stand for another: structs and unions may be mixed, sizes and signs of integers may differ, as may
 * lengths of arrays and what pointers point to; enums and forward declarations need the same name, unless one has none.
 */
export function fieldsAreCompatible(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  let a = local.resolve(localId);
  let b = target.resolve(targetId);
  for (let depth = 0; depth < maxDepth; depth++) {
    if (isComposite(a) && isComposite(b)) return true;
    if (!sameKind(a, b)) return false;
    switch (a.kind) {
      case "ptr":
      case "float":
        return true;
      case "fwd":
      case "enum":
      case "enum64":
        return namesAgree(a.name, nameOfEntity(b));
      case "int":
        return a.bitOffset === 0 && b.kind === "int" && b.bitOffset === 0;
      case "array":
        if (b.kind !== "array") return false;
        a = local.resolve(a.type);
        b = target.resolve(b.type);
        break;
      default:
        return false;
    }
  }
  throw tooDeep(local, localId);
}

function namesAgree(local: string, target: string): boolean {
  return local === "" || target === "" || essentialName(local) === essentialName(target);
}

/** Empty for those that have none. */
export function nameOfEntity(type: BtfType): string {
  return "name" in type ? type.name : "";
}

/**
 * Whether a whole type may stand for another (`bpf_core_type_exists`, `bpf_core_type_size`): the kinds agree along pointers,
 * arrays and prototypes. Names were compared at the root. `calls` bounds what prototypes of prototypes can cost.
 */
export function typesAreCompatible(
  local: Btf,
  localId: number,
  target: Btf,
  targetId: number,
  calls: { left: number } = { left: 4096 },
  level = 0,
): boolean {
  if (level > maxDepth) throw tooDeep(local, localId);
  if (level === 0 && !sameKind(local.type(localId), target.type(targetId))) return false;
  let a = local.resolve(localId);
  let b = target.resolve(targetId);
  for (let depth = 0; depth < maxDepth; depth++) {
    calls.left -= 1;
    if (calls.left < 0) throw tooDeep(local, localId);
    if (!sameKind(a, b)) return false;
    if (a.kind === "int" && b.kind === "int") return a.bitOffset === 0 && b.bitOffset === 0;
    if (a.kind === "func_proto" && b.kind === "func_proto") {
      const others = b.parameters;
      if (a.parameters.length !== others.length) return false;
      if (
        !a.parameters.every((own, index) =>
          typesAreCompatible(local, own.type, target, others[index]!.type, calls, level + 1),
        )
      )
        return false;
      a = local.resolve(a.returnType);
      b = target.resolve(b.returnType);
    } else if ((a.kind === "ptr" && b.kind === "ptr") || (a.kind === "array" && b.kind === "array")) {
      a = local.resolve(a.type);
      b = target.resolve(b.type);
    } else {
      return a.kind === "void" || isComposite(a) || isEnum(a) || a.kind === "fwd";
    }
  }
  throw tooDeep(local, localId);
}

export function tooDeep(btf: Btf, id: number): RelocationProblem {
  return new RelocationProblem(`${btf.nameOf(id)} is nested too deeply`);
}
