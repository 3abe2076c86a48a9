import { aString } from "../../base/checks.ts";
import { type Checks, checkOptions } from "../../base/check-options.ts";
import { EbpfError } from "../../base/errors.ts";
import { aBtf } from "../checks/a-btf.ts";
import type { Btf, BtfComposite, BtfEnum, BtfEnum64, BtfForward, BtfMember, BtfTypedef } from "../types.ts";
import { declare, type DeclaredTypes, integerLike } from "./c-declarator.ts";
import { CLayouts, type LayoutItem } from "./c-layout.ts";
import { CNames, identifier } from "./c-names.ts";
import { TypeOrder } from "./order-types.ts";

/** How {@link printC} writes a header. */
export interface PrintCOptions {
  /** The name of the macro that keeps the header from being read twice; `__VMLINUX_H__` when left out. */
  readonly guard?: string;
  /** C that stands before the types: what the table lacks. */
  readonly before?: string;
}

const checks: Checks<PrintCOptions> = { guard: aString, before: aString };

/** Letters. A kernel's types take 4 million; a struct without a name is written wherever it is used, and might be without end. */
const longest = 64 * 2 ** 20;

/**
 * The types of a table as a C header (`vmlinux.h`): every struct, union, enum and typedef, in the order that C wants, laid out as the table
 * says when clang compiles it for eBPF, and with CO-RE relocations for all their members. Of two types of one name the second is
 * called `name___2`, a flavor. Throws `EbpfError` BAD_BTF for a table that makes no sense, TOO_BIG for one whose header would have no end.
 */
export function printC(btf: Btf, options: PrintCOptions = {}): string {
  aBtf(btf, "The types of printC()");
  checkOptions(options, checks, "printC()");
  return new CPrinter(btf).print(identifier(options.guard ?? "__VMLINUX_H__"), options.before ?? "");
}

class CPrinter implements DeclaredTypes {
  readonly #btf: Btf;
  readonly #names = new CNames();
  readonly #layouts: CLayouts;
  readonly #bodies = new Set<number>();
  readonly #forwards = new Set<string>();
  readonly #tagKinds = new Map<string, string>();
  #length = 0;
  #hasStruct = false;

  constructor(btf: Btf) {
    this.#btf = btf;
    this.#layouts = new CLayouts(btf);
  }

  print(guard: string, before: string): string {
    this.#nameTypes();
    const blocks: string[] = [];
    for (const { print, id } of new TypeOrder(this.#btf).steps()) {
      const text =
        print === "forward" ? this.#forwardOf(id) : print === "typedef" ? this.#typedefOf(id) : this.#bodyOf(id);
      if (text === "") continue;
      this.#count(text);
      blocks.push(text);
    }
    blocks.push(...this.#enumsWithoutName());
    const types = blocks.join("\n");
    // The compiler warns of an attribute that nothing takes.
    const all = this.#hasStruct ? `${opening}\n${types}\n${closing}` : types;
    return `#ifndef ${guard}\n#define ${guard}\n\n${before}${all}\n#endif\n`;
  }

  /** Those that are defined come first, so that a forward declaration means them. */
  #nameTypes(): void {
    for (let id = 1; id < this.#btf.length; id++) {
      const type = this.#btf.type(id);
      if (type.kind === "typedef") this.typedefName(type);
      else if ((type.kind === "struct" || type.kind === "union") && type.name !== "") {
        this.#tagKinds.set(`${type.kind} ${type.name}`, this.#tagOf(type.id, type.name));
      } else if ((type.kind === "enum" || type.kind === "enum64") && type.name !== "") this.#tagOf(type.id, type.name);
    }
  }

  #tagOf(id: number, name: string): string {
    return this.#names.tag(String(id), name);
  }

  typedefName(type: BtfTypedef): string {
    return this.#names.ordinary(`typedef ${type.id}`, type.name);
  }

  forward(type: BtfForward): string {
    const key = `${type.of} ${type.name}`;
    return `${type.of} ${this.#tagKinds.get(key) ?? this.#names.tag(key, type.name)}`;
  }

  composite(type: BtfComposite, depth: number): string {
    if (type.name === "") return this.#structBody(type, "", depth + 1);
    return `${type.kind} ${this.#tagOf(type.id, type.name)}`;
  }

  enumeration(type: BtfEnum | BtfEnum64): string {
    if (type.name !== "") return `enum ${this.#tagOf(type.id, type.name)}`;
    if (this.#bodies.has(type.id)) return integerLike(type);
    return this.#enumBody(type, "");
  }

  #forwardOf(id: number): string {
    const type = this.#btf.type(id);
    const text = type.kind === "fwd" ? this.forward(type) : this.composite(type as BtfComposite, 0);
    if (this.#forwards.has(text)) return "";
    this.#forwards.add(text);
    return `${text};`;
  }

  #typedefOf(id: number): string {
    const type = this.#btf.type(id) as BtfTypedef;
    return `typedef ${declare(this.#btf, this, type.type, this.typedefName(type), 0)};`;
  }

  #bodyOf(id: number): string {
    const type = this.#btf.type(id);
    if (type.kind === "enum" || type.kind === "enum64") return `${this.#enumBody(type, this.#tagOf(id, type.name))};\n`;
    const composite = type as BtfComposite;
    this.#forwards.add(this.composite(composite, 0));
    return `${this.#structBody(composite, this.#tagOf(id, composite.name), 0)};\n`;
  }

  #enumsWithoutName(): string[] {
    const texts: string[] = [];
    for (let id = 1; id < this.#btf.length; id++) {
      const type = this.#btf.type(id);
      if ((type.kind !== "enum" && type.kind !== "enum64") || type.name !== "" || this.#bodies.has(id)) continue;
      texts.push(`${this.#enumBody(type, "")};\n`);
      this.#count(texts.at(-1)!);
    }
    return texts;
  }

  #structBody(type: BtfComposite, name: string, depth: number): string {
    this.#hasStruct = true;
    const layout = this.#layouts.of(type);
    const lines = layout.items.map((item, index) => {
      const text = this.#item(item, index, depth);
      this.#count(text);
      return `\t${text.replaceAll("\n", "\n\t")}\n`;
    });
    const packed = layout.packed ? " __attribute__((packed))" : "";
    return `${type.kind}${name === "" ? "" : ` ${name}`} {\n${lines.join("")}}${packed}`;
  }

  #item(item: LayoutItem, index: number, depth: number): string {
    if ("padding" in item) return `${item.padding} : ${item.bits};`;
    if ("bytes" in item) return `unsigned char __padding_${index}[${item.bytes}];`;
    if ("leftOut" in item) return `/* ${identifier(item.leftOut.name)} cannot be declared in C */`;
    const declared = declare(this.#btf, this, item.member.type, this.#memberName(item.member), depth);
    // An array without end has 0 elements in BTF; clang takes that for the same, and takes it anywhere.
    return item.bits > 0 ? `${declared} : ${item.bits};` : `${declared};`;
  }

  /** One without a name belongs to the parent, if it is a struct; anything else needs one. */
  #memberName(member: BtfMember): string {
    if (member.name !== "") return identifier(member.name);
    const type = this.#btf.type(member.type);
    const isInlined = (type.kind === "struct" || type.kind === "union") && type.name === "";
    return isInlined ? "" : `__unnamed_${member.bitOffset}`;
  }

  #enumBody(type: BtfEnum | BtfEnum64, tag: string): string {
    this.#bodies.add(type.id);
    const head = tag === "" ? "enum" : `enum ${tag}`;
    if (type.values.length === 0) return tag === "" ? "enum { __no_value }" : head;
    const values = type.values.map(({ name, value }, index) => {
      const text = `\t${this.#names.ordinary(`value ${type.id} ${index}`, name)} = ${enumValue(value, type.signed)},\n`;
      this.#count(text);
      return text;
    });
    const size = naturalSize(type) === type.size ? "" : ` __attribute__((mode(${modes[type.size] ?? "__SI__"})))`;
    return `${head} {\n${values.join("")}}${size}`;
  }

  #count(text: string): void {
    this.#length += text.length;
    if (this.#length > longest) {
      throw new EbpfError("TOO_BIG", `Cannot print types as C: the header would have more than ${longest} letters`);
    }
  }
}

const opening = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute push (__attribute__((preserve_access_index)), apply_to = record)
#endif
`;
const closing = `#ifndef BPF_NO_PRESERVE_ACCESS_INDEX
#pragma clang attribute pop
#endif
`;

const modes: Readonly<Record<number, string>> = { 1: "__QI__", 2: "__HI__", 4: "__SI__", 8: "__DI__" };

/** Bytes that clang takes for such values when nobody tells. */
function naturalSize(type: BtfEnum | BtfEnum64): number {
  const values = type.values.map(({ value }) => BigInt(value));
  const negative = values.some((value) => value < 0n);
  const fits = values.every((value) => value >= -(2n ** 31n) && value < (negative ? 2n ** 31n : 2n ** 32n));
  return fits ? 4 : 8;
}

function enumValue(value: number | bigint, signed: boolean): string {
  const number = BigInt(value);
  if (number === -(2n ** 63n)) return "(-9223372036854775807LL - 1)";
  if (number >= -(2n ** 31n) && number < 2n ** 31n) return String(number);
  return `${number}${signed ? "LL" : number < 2n ** 32n ? "U" : "ULL"}`;
}
