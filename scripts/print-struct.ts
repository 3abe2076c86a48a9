/** Prints the layout of a struct, as its BTF says it, in the form of `Layout` of the library's uapi/layout.ts. */
import type { Btf, BtfComposite, BtfMember, BtfType } from "ebpf-ts/btf";

/** `{ name, size, fields }`, to stand behind `= ` at that depth. */
export function printLayout(btf: Btf, type: BtfComposite, name: string, depth: number): string {
  const indent = "  ".repeat(depth);
  return (
    `{\n${indent}  name: "${name}",\n${indent}  size: ${type.size},\n` +
    `${indent}  fields: ${printFields(btf, type, 0, depth + 1)},\n${indent}}`
  );
}

function printFields(btf: Btf, type: BtfComposite, start: number, depth: number): string {
  const indent = "  ".repeat(depth);
  const lines = membersOf(btf, type, start * 8).map(({ member, bit }) => {
    const field = printField(btf, member, bit, depth);
    return `${indent}  ${member.name}: ${field},\n`;
  });
  return `{\n${lines.join("")}${indent}}`;
}

interface Placed {
  readonly member: BtfMember;
  /** From the start of the outermost struct. */
  readonly bit: number;
}

/** Those of structs and unions without a name belong to what they are in. What is reserved is left out. */
function membersOf(btf: Btf, type: BtfComposite, start: number): Placed[] {
  return type.members.flatMap((member) => {
    const bit = start + member.bitOffset;
    if (member.name === "") return membersOf(btf, btf.resolve(member.type) as BtfComposite, bit);
    return /^__|^reserved|_res$/.test(member.name) ? [] : [{ member, bit }];
  });
}

function printField(btf: Btf, member: BtfMember, bit: number, depth: number): string {
  const type = btf.resolve(member.type);
  const size = btf.sizeOf(type.id);
  if (member.bitSize !== 0) {
    const at = Math.floor(bit / 8 / size) * size;
    return `{ at: ${at}, end: ${at + size}, kind: "bits", shift: ${bit - at * 8}, width: ${member.bitSize} }`;
  }
  const at = bit / 8;
  const place = `at: ${at}, end: ${at + size}`;
  if (type.kind !== "struct" && type.kind !== "union") return `{ ${place}, kind: "${kindOf(btf, type)}" }`;
  return `{ ${place}, kind: "struct", fields: ${printFields(btf, type, at, depth + 1)} }`;
}

function kindOf(btf: Btf, type: BtfType): string {
  switch (type.kind) {
    case "ptr":
      return "u64";
    case "int":
      return `${type.encoding === "signed" ? "s" : "u"}${type.size * 8}`;
    case "array": {
      const element = btf.resolve(type.type);
      const isText = element.kind === "int" && element.name === "char";
      return isText && type.length > 0 ? "text" : "bytes";
    }
    default:
      throw new Error(`A struct of the kernel's interface has a ${type.kind} in it`);
  }
}
