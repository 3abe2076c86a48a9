import { EbpfError } from "../base/errors.ts";
import { refuseCycles } from "./refuse-cycles.ts";
import type {
  Btf,
  BtfArray,
  BtfComposite,
  BtfDataSection,
  BtfFunctionPrototype,
  BtfKind,
  BtfMember,
  BtfType,
} from "./types.ts";

/**
 * Checks a table that came from elsewhere, as the kernel would (its btf.c): every reference exists and is of a kind that
 * may stand there, no type contains itself, members lie inside their structs. Decodes all types.
 */
export function validateBtf(btf: Btf): void {
  for (let id = 1; id < btf.length; id++) checkType(btf, btf.type(id));
  refuseCycles(btf);
  // Sizes only now: they follow references, which a cycle would make endless.
  for (let id = 1; id < btf.length; id++) checkSizes(btf, btf.type(id));
}

/** Kinds that can be the type of a value, before typedefs and qualifiers are followed. */
const values: ReadonlySet<BtfKind> = new Set<BtfKind>([
  "int",
  "ptr",
  "array",
  "struct",
  "union",
  "enum",
  "enum64",
  "float",
  "typedef",
  "const",
  "volatile",
  "restrict",
  "type_tag",
]);

function checkType(btf: Btf, type: BtfType): void {
  switch (type.kind) {
    case "int":
      checkName(type, true);
      if (type.bits > 128 || type.bits > type.size * 8 || type.bitOffset + type.bits > type.size * 8)
        throw bad(type, `has ${type.bits} bits, which do not fit its ${type.size} bytes`);
      break;
    case "ptr":
    case "const":
    case "volatile":
    case "restrict":
    case "type_tag":
      checkTarget(btf, type, type.type);
      break;
    case "typedef":
      checkName(type, true);
      checkTarget(btf, type, type.type);
      break;
    case "array":
      checkArray(btf, type);
      break;
    case "struct":
    case "union":
      checkName(type, false);
      for (const member of type.members) checkReference(btf, type, member.type, values, `its member ${member.name}`);
      break;
    case "enum":
    case "enum64":
      checkName(type, false);
      if (![1, 2, 4, 8].includes(type.size)) throw bad(type, `has the impossible size of ${type.size} bytes`);
      break;
    case "fwd":
      checkName(type, true);
      break;
    case "func":
      checkName(type, true);
      checkReference(btf, type, type.type, new Set<BtfKind>(["func_proto"]), "its prototype");
      break;
    case "func_proto":
      checkPrototype(btf, type);
      break;
    case "var":
      checkName(type, true);
      // The extern variables of an object may be functions, or `void`.
      if (type.linkage !== "extern") checkReference(btf, type, type.type, values, "its type");
      else checkTarget(btf, type, type.type);
      break;
    case "datasec":
      checkName(type, true);
      checkSection(btf, type);
      break;
    case "float":
      checkName(type, true);
      if (![2, 4, 8, 12, 16].includes(type.size)) throw bad(type, `has the impossible size of ${type.size} bytes`);
      break;
    case "decl_tag":
      if (type.type === 0) throw bad(type, "tags nothing");
      checkRange(btf, type, type.type, "what it tags");
      break;
    case "unknown":
      break;
    case "void":
      throw bad(type, "is no record");
  }
}

function checkArray(btf: Btf, type: BtfArray): void {
  checkReference(btf, type, type.type, values, "its element");
  checkReference(btf, type, type.indexType, values, "its index");
}

/** A last parameter without type and name is an ellipsis. */
function checkPrototype(btf: Btf, type: BtfFunctionPrototype): void {
  if (type.returnType !== 0) checkReference(btf, type, type.returnType, values, "what it returns");
  for (const [index, parameter] of type.parameters.entries()) {
    const last = index === type.parameters.length - 1;
    if (parameter.type === 0 && last && parameter.name === "") continue;
    checkReference(btf, type, parameter.type, values, `its parameter ${index + 1}`);
  }
}

function checkSection(btf: Btf, type: BtfDataSection): void {
  for (const { type: id } of type.variables) {
    checkRange(btf, type, id, "a variable");
    // Extern functions (kfuncs) stand in sections too.
    const kind = btf.type(id).kind;
    if (kind !== "var" && kind !== "func") throw bad(type, `holds type ${id}, which is no variable`);
  }
}

function checkTarget(btf: Btf, type: BtfType, target: number): void {
  checkRange(btf, type, target, "what it refers to");
  const kind = btf.type(target).kind;
  if (kind === "var" || kind === "datasec" || kind === "func" || kind === "decl_tag")
    throw bad(type, `refers to type ${target}, which is a ${kind}`);
}

function checkReference(btf: Btf, type: BtfType, target: number, kinds: ReadonlySet<BtfKind>, what: string): void {
  checkRange(btf, type, target, what);
  const kind = btf.type(target).kind;
  if (!kinds.has(kind)) throw bad(type, `has ${what} of type ${target}, which is a ${kind}`);
}

function checkRange(btf: Btf, type: BtfType, target: number, what: string): void {
  if (target >= btf.length) throw bad(type, `has ${what} of type ${target}, while the last type is ${btf.length - 1}`);
}

function checkName(type: BtfType, needed: boolean): void {
  if (needed && "name" in type && type.name === "") throw bad(type, "has no name");
}

function checkSizes(btf: Btf, type: BtfType): void {
  if (type.kind === "struct" || type.kind === "union") {
    for (const member of type.members) checkMember(btf, type, member);
  } else if (type.kind === "array") {
    checkSized(btf, type, type.type);
    const index = btf.resolve(type.indexType);
    if (index.kind !== "int") throw bad(type, `is indexed by type ${index.id}, which is a ${index.kind}`);
    btf.sizeOf(type.id);
  } else if (type.kind === "datasec" && type.size !== 0) {
    for (const variable of type.variables) {
      if (variable.offset + variable.size > type.size)
        throw bad(type, `has variable ${variable.type} outside of its ${type.size} bytes`);
    }
  }
}

function checkMember(btf: Btf, type: BtfComposite, member: BtfMember): void {
  const own = checkSized(btf, type, member.type);
  const integer = own.kind === "int" || own.kind === "enum" || own.kind === "enum64";
  if (member.bitSize !== 0 && (!integer || member.bitSize > own.size * 8))
    throw bad(type, `has the impossible bitfield ${member.name}`);
  const bits =
    member.bitSize !== 0 ? member.bitSize : own.kind === "int" ? own.bitOffset + own.bits : btf.sizeOf(own.id) * 8;
  if (!integer && member.bitOffset % 8 !== 0) throw bad(type, `has its member ${member.name} between two bytes`);
  if (member.bitOffset + bits > type.size * 8)
    throw bad(type, `has its member ${member.name} outside of its ${type.size} bytes`);
}

/** The resolved type, which must have a size: no function, `void`, or forward declaration. */
function checkSized(btf: Btf, type: BtfType, target: number): BtfType {
  const own = btf.resolve(target);
  if (!values.has(own.kind)) throw bad(type, `contains type ${own.id}, which is a ${own.kind}`);
  return own;
}

function bad(type: BtfType, what: string): EbpfError {
  const name = "name" in type && type.name !== "" ? ` ${type.name.slice(0, 64)}` : "";
  return new EbpfError("BAD_BTF", `BTF type ${type.id} (${type.kind}${name}) ${what}`);
}
