import type { Btf, BtfComposite, BtfEnum, BtfEnum64, BtfType } from "../types.ts";
import { isEnum, maxDepth, nameOfEntity, tooDeep } from "./compatible.ts";
import { essentialName } from "./relocation-kind.ts";

/** Of all members and parameters together: types may be hostile, and each member may lead to many more. */
const mostSteps = 2 ** 20;

/**
 * Whether a type of the target is what the object says of it (`bpf_core_type_matches`, libbpf 1.0): all members, enumerators and parameters
 * that the object knows are there by name, with matching types. Behind a pointer the names and kinds of structs suffice.
 */
export function typesMatch(local: Btf, localId: number, target: Btf, targetId: number): boolean {
  return new Matching(local, target).match(localId, targetId, false, maxDepth);
}

class Matching {
  readonly #local: Btf;
  readonly #target: Btf;
  #steps = mostSteps;

  constructor(local: Btf, target: Btf) {
    this.#local = local;
    this.#target = target;
  }

  match(localId: number, targetId: number, behindPointer: boolean, level: number): boolean {
    if (level <= 0) throw tooDeep(this.#local, localId);
    let isBehind = behindPointer;
    let a = this.#local.resolve(localId);
    let b = this.#target.resolve(targetId);
    for (let depth = 0; depth < maxDepth; depth++) {
      this.#spend(localId);
      if (!namesMatch(nameOfEntity(a), nameOfEntity(b))) return false;
      if (a.kind === "func_proto") {
        if (b.kind !== "func_proto" || a.parameters.length !== b.parameters.length) return false;
        const others = b.parameters;
        if (!a.parameters.every((own, index) => this.match(own.type, others[index]!.type, isBehind, level - 1)))
          return false;
        a = this.#local.resolve(a.returnType);
        b = this.#target.resolve(b.returnType);
      } else if (a.kind === "ptr" || a.kind === "array") {
        if (b.kind !== a.kind || lengthOf(a) !== lengthOf(b)) return false;
        isBehind ||= a.kind === "ptr";
        a = this.#local.resolve(a.type);
        b = this.#target.resolve(b.type);
      } else {
        return this.#matchEnds(a, b, isBehind, level);
      }
    }
    throw tooDeep(this.#local, localId);
  }

  /** Of types that lead to no single other one. */
  #matchEnds(a: BtfType, b: BtfType, isBehind: boolean, level: number): boolean {
    switch (a.kind) {
      case "void":
        return b.kind === "void";
      case "int":
        return b.kind === "int" && a.size === b.size && (a.encoding === "signed") === (b.encoding === "signed");
      case "enum":
      case "enum64":
        return isEnum(b) && enumsMatch(a, b);
      case "fwd":
        return b.kind === "fwd" ? a.of === b.of : isBehind && b.kind === a.of;
      case "struct":
      case "union":
        if (isBehind) return b.kind === a.kind || (b.kind === "fwd" && b.of === a.kind);
        return b.kind === a.kind && this.#membersMatch(a, b as BtfComposite, level);
      default:
        return false;
    }
  }

  #membersMatch(a: BtfComposite, b: BtfComposite, level: number): boolean {
    if (a.members.length > b.members.length) return false;
    return a.members.every((own) =>
      b.members.some((other) => {
        this.#spend(a.id);
        return namesMatch(own.name, other.name) && this.match(own.type, other.type, false, level - 1);
      }),
    );
  }

  #spend(id: number): void {
    this.#steps -= 1;
    if (this.#steps < 0) throw tooDeep(this.#local, id);
  }
}

function lengthOf(type: BtfType): number {
  return type.kind === "array" ? type.length : 0;
}

function namesMatch(a: string, b: string): boolean {
  return a === b || essentialName(a) === essentialName(b);
}

/** The values may differ. */
function enumsMatch(a: BtfEnum | BtfEnum64, b: BtfEnum | BtfEnum64): boolean {
  if (a.size !== b.size || a.values.length > b.values.length) return false;
  const names = new Set(b.values.map(({ name }) => essentialName(name)));
  return a.values.every(({ name }) => names.has(essentialName(name)));
}
