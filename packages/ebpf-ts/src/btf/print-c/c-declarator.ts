import { EbpfError } from "../../base/errors.ts";
import type { Btf, BtfComposite, BtfEnum, BtfEnum64, BtfForward, BtfType, BtfTypedef } from "../types.ts";
import { identifier, integerName, integerOf } from "./c-names.ts";

/** What a declaration needs of those types that have a name, or a body. */
export interface DeclaredTypes {
  /** `struct event`, or the whole body of one without a name. */
  composite(type: BtfComposite, depth: number): string;
  enumeration(type: BtfEnum | BtfEnum64): string;
  forward(type: BtfForward): string;
  typedefName(type: BtfTypedef): string;
}

/** Struct in struct in function pointer, …: deeper than anybody writes. */
const deepest = 128;

/** `type` and `inner`, as C declares them: from the inside out. `inner` is a name, or nothing. */
export function declare(btf: Btf, types: DeclaredTypes, id: number, inner: string, depth: number): string {
  if (depth > deepest) throw new EbpfError("BAD_BTF", `BTF type ${id} is nested too deeply, or contains itself`);
  const type = btf.type(id);
  const next = (target: number, declarator: string): string => declare(btf, types, target, declarator, depth + 1);
  switch (type.kind) {
    case "ptr":
      return next(type.type, bindsTighter(btf, type.type) ? `(*${inner})` : `*${inner}`);
    case "const":
    case "volatile":
    case "restrict":
      return qualify(btf, type.kind, type.type, inner, next);
    case "array":
      return next(type.type, `${inner}[${type.length}]`);
    case "func_proto": {
      const parameters = type.parameters.map(({ name, type: of }, index) => {
        const isRest = of === 0 && index === type.parameters.length - 1;
        return isRest ? "..." : next(of, name === "" ? "" : identifier(name));
      });
      return next(type.returnType, `${inner}(${parameters.join(", ") || "void"})`);
    }
    case "type_tag":
    case "func":
    case "var":
      return next(type.type, inner);
    case "float":
      if (type.size !== 4 && type.size !== 8) return join("unsigned char", `${inner}[${type.size}]`);
      return join(type.size === 4 ? "float" : "double", inner);
    case "int": {
      const name = integerName(type);
      return name === undefined ? join("unsigned char", `${inner}[${type.size}]`) : join(name, inner);
    }
    default:
      return join(nameOf(types, type, depth), inner);
  }
}

function nameOf(types: DeclaredTypes, type: BtfType, depth: number): string {
  switch (type.kind) {
    case "struct":
    case "union":
      return types.composite(type, depth);
    case "enum":
    case "enum64":
      return types.enumeration(type);
    case "fwd":
      return types.forward(type);
    case "typedef":
      return types.typedefName(type);
    default:
      // Nothing is known of it but that it may be pointed at.
      return "void";
  }
}

/** An enum's values are declared once: where it stands a second time without a name, it is an integer. */
export function integerLike(type: BtfEnum | BtfEnum64): string {
  return integerOf(type.size, type.signed) ?? "int";
}

/** Behind the star of a pointer, in front of everything else. */
function qualify(
  btf: Btf,
  qualifier: string,
  target: number,
  inner: string,
  next: (target: number, declarator: string) => string,
): string {
  let type = btf.type(target);
  const words = [qualifier];
  for (let steps = 0; steps < deepest; steps++) {
    if (type.kind !== "const" && type.kind !== "volatile" && type.kind !== "restrict" && type.kind !== "type_tag")
      break;
    if (type.kind !== "type_tag" && !words.includes(type.kind)) words.push(type.kind);
    type = btf.type(type.type);
  }
  if (type.kind === "ptr") {
    const star = `*${join(words.join(" "), inner)}`;
    return next(type.type, bindsTighter(btf, type.type) ? `(${star})` : star);
  }
  // A function, and what is not known, have no qualifiers; only a pointer is `restrict`.
  const kept = words.filter((word) => word !== "restrict");
  if (type.kind === "func_proto" || kept.length === 0) return next(type.id, inner);
  const declared = next(type.id, inner);
  // Of an array it is the elements that are constant, and the table may say so twice.
  return [...kept.filter((word) => !declared.startsWith(`${word} `)), declared].join(" ");
}

function bindsTighter(btf: Btf, id: number): boolean {
  let type = btf.type(id);
  for (let steps = 0; type.kind === "type_tag" && steps < deepest; steps++) type = btf.type(type.type);
  // Floats and integers that C does not have are arrays of bytes.
  if (type.kind === "float") return type.size !== 4 && type.size !== 8;
  if (type.kind === "int") return integerName(type) === undefined;
  return type.kind === "array" || type.kind === "func_proto";
}

function join(left: string, right: string): string {
  return right === "" || right.startsWith("[") ? left + right : `${left} ${right}`;
}
