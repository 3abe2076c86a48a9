import { encodeInstructions } from "../../src/insn/codec.ts";
import type { Instruction } from "../../src/insn/instruction.ts";

/** What an object file is to hold. Every function is global, and has the section that it names; code may be shared. */
export interface ObjectParts {
  readonly functions: readonly MadeFunction[];
  readonly btf?: Uint8Array;
  readonly btfExt?: Uint8Array;
  /** Other sections by name: data, with variables as symbols if any. */
  readonly data?: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

export interface MadeFunction {
  readonly name: string;
  readonly section: string;
  readonly code: readonly Instruction[];
  /** Names of the functions that are called, by slot. */
  readonly calls?: ReadonlyMap<number, string>;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags?: number;
  readonly bytes: Uint8Array;
  readonly link?: number;
  readonly info?: number;
  readonly entry?: number;
}

const R_BPF_64_32 = 10;

/** An ELF64 object file as clang writes it, with as many functions as one likes. */
export function makeObject({ functions, btf, btfExt, data = [] }: ObjectParts): Uint8Array {
  const names = [...new Set(functions.map(({ section }) => section))];
  const codeSections = names.map((name) => ({ name, functions: functions.filter((fn) => fn.section === name) }));
  const symbols = new Table(24);
  const text = new Strings();
  symbols.add(() => {});
  const indices = new Map<string, number>();
  codeSections.forEach((section, index) => {
    let at = 0;
    for (const fn of section.functions) {
      indices.set(fn.name, symbols.count);
      const start = at;
      symbols.add((view, offset) => {
        view.setUint32(offset, text.at(fn.name), true);
        view.setUint8(offset + 4, 0x12);
        view.setUint16(offset + 6, index + 1, true);
        view.setBigUint64(offset + 8, BigInt(start), true);
        view.setBigUint64(offset + 16, BigInt(fn.code.length * 8), true);
      });
      at += fn.code.length * 8;
    }
  });
  const sections: Section[] = codeSections.map((section) => ({
    name: section.name,
    type: 1,
    flags: 6,
    bytes: encodeInstructions(section.functions.flatMap(({ code }) => code)),
  }));
  const symtab = codeSections.length + 1;
  sections.push({ name: ".symtab", type: 2, bytes: symbols.bytes(), link: symtab + 1, info: 1, entry: 24 });
  sections.push({ name: ".strtab", type: 3, bytes: text.bytes() });
  codeSections.forEach((section, index) => {
    const relocations = relocationsOf(section.functions, indices);
    if (relocations.length === 0) return;
    sections.push({
      name: `.rel${section.name}`,
      type: 9,
      bytes: relocations,
      link: symtab,
      info: index + 1,
      entry: 16,
    });
  });
  sections.push({ name: "license", type: 1, flags: 3, bytes: new TextEncoder().encode("GPL\0") });
  for (const { name, bytes } of data) sections.push({ name, type: 1, flags: 3, bytes });
  if (btf !== undefined) sections.push({ name: ".BTF", type: 1, bytes: btf });
  if (btfExt !== undefined) sections.push({ name: ".BTF.ext", type: 1, bytes: btfExt });
  return writeElf(sections);
}

function relocationsOf(functions: readonly MadeFunction[], indices: ReadonlyMap<string, number>): Uint8Array {
  const relocations = new Table(16);
  let start = 0;
  for (const fn of functions) {
    for (const [slot, callee] of fn.calls ?? []) {
      const place = (start + slot) * 8;
      relocations.add((view, offset) => {
        view.setBigUint64(offset, BigInt(place), true);
        view.setUint32(offset + 8, R_BPF_64_32, true);
        view.setUint32(offset + 12, indices.get(callee)!, true);
      });
    }
    start += fn.code.length;
  }
  return relocations.bytes();
}

function writeElf(parts: readonly Section[]): Uint8Array {
  const names = new Strings();
  const sections: Section[] = [{ name: "", type: 0, bytes: new Uint8Array(0) }, ...parts];
  const offsets = sections.map(({ name }) => names.at(name));
  const shstrtab = names.at(".shstrtab");
  sections.push({ name: ".shstrtab", type: 3, bytes: names.bytes() });
  offsets.push(shstrtab);
  let at = 64;
  const places = sections.map(({ bytes }) => {
    const place = at;
    at += Math.ceil(bytes.length / 8) * 8;
    return place;
  });
  const file = new Uint8Array(at + sections.length * 64);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 1, true);
  view.setUint16(18, 247, true);
  view.setBigUint64(0x28, BigInt(at), true);
  view.setUint16(0x3a, 64, true);
  view.setUint16(0x3c, sections.length, true);
  view.setUint16(0x3e, sections.length - 1, true);
  sections.forEach(({ type, flags = 0, bytes, link = 0, info = 0, entry = 0 }, index) => {
    file.set(bytes, places[index]!);
    const header = at + index * 64;
    view.setUint32(header, offsets[index]!, true);
    view.setUint32(header + 4, type, true);
    view.setUint32(header + 8, flags, true);
    view.setBigUint64(header + 24, BigInt(places[index]!), true);
    view.setBigUint64(header + 32, BigInt(bytes.length), true);
    view.setUint32(header + 40, link, true);
    view.setUint32(header + 44, info, true);
    view.setBigUint64(header + 48, 8n, true);
    view.setBigUint64(header + 56, BigInt(entry), true);
  });
  return file;
}

/** Records of one size. */
class Table {
  readonly #size: number;
  readonly #writes: ((view: DataView, offset: number) => void)[] = [];

  constructor(size: number) {
    this.#size = size;
  }

  get count(): number {
    return this.#writes.length;
  }

  get length(): number {
    return this.#writes.length * this.#size;
  }

  add(write: (view: DataView, offset: number) => void): void {
    this.#writes.push(write);
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.length);
    const view = new DataView(bytes.buffer);
    this.#writes.forEach((write, index) => write(view, index * this.#size));
    return bytes;
  }
}

class Strings {
  readonly #bytes: number[] = [0];
  readonly #offsets = new Map<string, number>([["", 0]]);

  at(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#bytes.length;
    for (const byte of new TextEncoder().encode(text)) this.#bytes.push(byte);
    this.#bytes.push(0);
    this.#offsets.set(text, offset);
    return offset;
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
