import type { Btf, BtfComposite, BtfDataSection } from "../../btf/types.ts";
import type { ElfRelocation, ElfSection, ElfSymbol } from "../../elf/elf-file.ts";
import { MapFlag, MapType, ProgType } from "../../uapi/uapi.gen.ts";
import type { MapSpec, MemberProgram, ProgramSpec } from "../types.ts";
import { isFunctionPointer } from "../struct-ops/function-pointer.ts";
import type { Code } from "./code.ts";
import { badObject } from "./object-file.ts";
import type { ObjectFile } from "./object-file.ts";

const sectionName = /^\??\.struct_ops(\.link)?$/;
const instructionSize = 8;

/**
 * Implementations of what the kernel calls through a struct of functions (`SEC(".struct_ops")`, and `SEC(".struct_ops.link")` of those with links):
 * each variable is a map. Which program a member is stands in the relocations, and all else in the section's bytes.
 */
export function readStructOps(object: ObjectFile, code: Code): MapSpec[] {
  return object.elf.sections
    .filter(({ name, size }) => size > 0 && sectionName.test(name))
    .flatMap((section) => readSection(object, section, code));
}

/** One of the variables, and where it stands. */
interface PlacedOps {
  readonly map: MapSpec & { ops: MemberProgram[]; contents: Uint8Array };
  readonly type: BtfComposite;
  readonly offset: number;
}

function readSection(object: ObjectFile, section: ElfSection, code: Code): MapSpec[] {
  const { btf, dataSections, elf } = object;
  const types = dataSections.get(section.name);
  if (btf === undefined || types === undefined)
    throw badObject(
      `The object has a section ${section.name}, but its BTF does not describe it: compile it with clang -g, and strip it with llvm-strip -g only`,
    );
  const placed: PlacedOps[] = [];
  let end = 0;
  for (const entry of types.variables) {
    if (entry.offset < end) throw badObject(`The BTF of section ${section.name} is broken: its variables overlap`);
    placed.push(readVariable(btf, section, entry));
    end = entry.offset + placed.at(-1)!.type.size;
  }
  for (const relocation of elf.relocations.get(section.index) ?? []) {
    const ops = placed.findLast(({ offset }) => offset <= relocation.offset);
    if (ops === undefined || relocation.offset + 8 > ops.offset + ops.type.size)
      throw badObject(
        `The relocation at offset ${relocation.offset} of section ${section.name} belongs to no variable`,
      );
    addMember(object, section, code, ops, relocation);
  }
  return placed.map(({ map }) => map);
}

function readVariable(btf: Btf, section: ElfSection, entry: BtfDataSection["variables"][number]): PlacedOps {
  const variable = btf.type(entry.type);
  if (variable.kind !== "var" || variable.name === "")
    throw badObject(`The BTF of section ${section.name} is broken: type ${entry.type} is no variable with a name`);
  const type = btf.resolve(variable.type);
  if (type.kind !== "struct" || type.name === "")
    throw badObject(
      `Variable ${variable.name} of section ${section.name} is ${btf.nameOf(variable.type) || "a struct without a name"}, where a struct of the kernel belongs, by its name`,
    );
  if (entry.offset + type.size > section.data.length)
    throw badObject(`Variable ${variable.name} lies outside of its section ${section.name}`);
  const contents = section.data.slice(entry.offset, entry.offset + type.size);
  return { map: mapOf(variable.name, section.name, type, contents), type, offset: entry.offset };
}

function mapOf(name: string, section: string, { id, size }: BtfComposite, contents: Uint8Array): PlacedOps["map"] {
  return {
    name,
    type: MapType.STRUCT_OPS,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
    flags: section.endsWith(".link") ? MapFlag.LINK : 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    valueType: id,
    recordType: 0,
    inner: undefined,
    slots: [],
    section: undefined,
    contents,
    readOnly: false,
    ops: [],
    autoload: !section.startsWith("?"),
  };
}

function addMember(
  { elf, btf }: ObjectFile,
  section: ElfSection,
  code: Code,
  { map, type, offset }: PlacedOps,
  relocation: ElfRelocation,
): void {
  const at = relocation.offset - offset;
  const member = type.members.find(({ bitOffset }) => bitOffset === at * 8);
  if (member === undefined || !isFunctionPointer(btf!, member.type))
    throw badObject(
      `Variable ${map.name} of section ${section.name} holds an address at byte ${at}, where struct ${type.name} has no pointer to a function`,
    );
  if (map.ops.some((other) => other.member === member.name))
    throw badObject(
      `Variable ${map.name} of section ${section.name} has two relocations for its member ${member.name}`,
    );
  const pointer = new DataView(map.contents.buffer, map.contents.byteOffset + at, 8);
  const symbol = elf.symbols[relocation.symbol] as ElfSymbol;
  const program = programAt(code, symbol, Number(pointer.getBigInt64(0, true)));
  if (program === undefined)
    throw badObject(
      `Member ${member.name} of ${map.name} is ${symbol.name || "an address"}, which is no program of the kind struct_ops: give the function SEC("struct_ops/${member.name}")`,
    );
  map.ops.push({ member: member.name, program: program.name });
  pointer.setBigInt64(0, 0n, true);
}

/** `addend` counts from the symbol, which may be the section's. */
function programAt(code: Code, symbol: ElfSymbol, addend: number): ProgramSpec | undefined {
  const found = code.at(symbol.sectionIndex, (symbol.value + addend) / instructionSize);
  if (found === undefined || !found.isProgram) return undefined;
  const program = found.spec as ProgramSpec;
  return program.type === ProgType.STRUCT_OPS ? program : undefined;
}
