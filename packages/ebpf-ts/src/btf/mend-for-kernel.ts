import { type Checks, checkOptions } from "../base/check-options.ts";
import { aBoolean } from "../base/checks.ts";
import { aBtf } from "./checks/a-btf.ts";
import { BtfBuilder } from "./btf-builder.ts";
import { findExterns } from "./find-externs.ts";
import { hasValue } from "./layout.ts";
import { stringsOf } from "./parse-btf.ts";
import type {
  Btf,
  BtfComposite,
  BtfDataSection,
  BtfDeclTag,
  BtfFunctionPrototype,
  BtfMember,
  BtfType,
  NewBtfType,
} from "./types.ts";

/** For which kernel types are mended. */
export interface KernelBtfOptions {
  /** Also without what came after Linux 5.11: floats (5.13), tags (5.16), enums of 64 bits and with a sign (6.0), as libbpf does it. */
  readonly old: boolean;
}

const checks: Checks<KernelBtfOptions> = { old: aBoolean };

/**
 * Raw BTF that says the same as a table, as far as the kernel takes it (its btf.c): what it would refuse becomes something of the same
 * size that says less. Ids and offsets of strings stay as they are.
 */
export function mendForKernel(btf: Btf, options: KernelBtfOptions): Uint8Array {
  aBtf(btf, "The types of mendForKernel()");
  checkOptions(options, checks, "mendForKernel()");
  const builder = new BtfBuilder(stringsOf(btf));
  const mender = new KernelMender(btf, options.old);
  for (let id = 1; id < btf.length; id++) builder.add(mender.mended(btf.type(id)));
  for (const type of mender.added) builder.add(type);
  return builder.bytes();
}

/**
 * Raw BTF in which what the kernel is to provide (`.ksyms`) stands as if it were the object's own, since the kernel takes nothing else, as
 * libbpf does it. Undefined where there is no such thing, so that the table goes as it is.
 */
export function settleExterns(btf: Btf): Uint8Array | undefined {
  aBtf(btf, "The types of settleExterns()");
  const externs = findExterns(btf);
  if (externs.size === 0) return undefined;
  const builder = new BtfBuilder(stringsOf(btf));
  const mender = new KernelMender(btf, false);
  for (let id = 1; id < btf.length; id++) {
    const type = btf.type(id);
    if (type.kind === "unknown" || type.kind === "void") return undefined;
    builder.add(externs.has(id) ? mender.mended(type) : type);
  }
  for (const type of mender.added) builder.add(type);
  return builder.bytes();
}

class KernelMender {
  /** Behind the table's own: what stands for members without a value, an index, enumerators. */
  readonly added: readonly NewBtfType[] = [
    empty(0),
    { kind: "int", name: "index", size: 4, encoding: "unsigned", bits: 32, bitOffset: 0 },
    { kind: "int", name: "value", size: 1, encoding: "unsigned", bits: 8, bitOffset: 0 },
  ];
  readonly #btf: Btf;
  readonly #old: boolean;
  readonly #nothing: number;
  readonly #index: number;
  readonly #value: number;
  /** Prototypes that functions have, rather than pointers alone. */
  readonly #ofFunctions = new Set<number>();

  constructor(btf: Btf, old: boolean) {
    this.#btf = btf;
    this.#old = old;
    this.#nothing = btf.length;
    this.#index = btf.length + 1;
    this.#value = btf.length + 2;
    for (let id = 1; id < btf.length; id++) {
      const type = btf.type(id);
      if (type.kind === "func") this.#ofFunctions.add(type.type);
    }
  }

  mended(type: BtfType): NewBtfType {
    switch (type.kind) {
      case "void":
      case "unknown":
        return empty(0);
      case "int":
        return type.size === 0 ? empty(0) : { ...type, name: type.name || `int_${type.id}` };
      case "float":
        return [2, 4, 8, 12, 16].includes(type.size) && !this.#old ? named(type) : empty(type.size);
      case "enum":
        return this.#enum(type);
      case "enum64":
        if (!isPowerOfTwo(type.size)) return empty(type.size);
        return this.#old
          ? this.#union(type)
          : { ...type, name: cleaned(type.name), values: type.values.map(cleanedEntry) };
      case "struct":
      case "union":
        return this.#composite(type);
      case "array": {
        const isIndexed = this.#btf.resolve(type.indexType).kind === "int";
        return { ...type, type: this.#valued(type.type), indexType: isIndexed ? type.indexType : this.#index };
      }
      case "func_proto":
        return this.#prototype(type);
      case "func":
        return { ...named(type), linkage: type.linkage === "extern" ? "static" : type.linkage };
      case "var":
        return {
          ...named(type),
          type: this.#valued(type.type),
          linkage: type.linkage === "extern" ? "global" : type.linkage,
        };
      case "datasec":
        return this.#section(type);
      case "decl_tag":
        return this.#declTag(type);
      case "type_tag":
        return this.#old ? { kind: "const", type: type.type } : type;
      case "typedef":
      case "fwd":
        return named(type);
      case "ptr":
      case "const":
      case "volatile":
      case "restrict":
        return type;
      default:
        return type satisfies never;
    }
  }

  /** An enum that was only declared has 0 bytes in some compilers' BTF. */
  #enum(type: Extract<BtfType, { kind: "enum" }>): NewBtfType {
    if (!isPowerOfTwo(type.size) && type.values.length > 0) return empty(type.size);
    const size = isPowerOfTwo(type.size) ? type.size : 4;
    const signed = type.signed && !this.#old;
    return { ...type, name: cleaned(type.name), size, signed, values: type.values.map(cleanedEntry) };
  }

  #union({ name, size, values }: Extract<BtfType, { kind: "enum64" }>): NewBtfType {
    const members = values.map((value) => ({ name: cleaned(value.name), type: this.#value, bitOffset: 0, bitSize: 0 }));
    return { kind: "union", name: cleaned(name), size, members };
  }

  #composite(type: BtfComposite): NewBtfType {
    const members = type.members.map((member) => {
      if (this.#isTaken(member)) return { ...member, name: cleaned(member.name) };
      // Nameless, so that it is nobody's; within the struct, and at the start of a byte.
      const bitOffset = Math.min(member.bitOffset - (member.bitOffset % 8), type.size * 8);
      return { name: "", type: this.#nothing, bitOffset, bitSize: 0 };
    });
    return { ...type, name: cleaned(type.name), members };
  }

  /** Bitfields of enums have at most 32 bits (btf_enum_check_kflag_member). */
  #isTaken({ type, bitSize }: BtfMember): boolean {
    if (!hasValue(this.#btf, type)) return false;
    const { kind } = this.#btf.resolve(type);
    return bitSize <= 32 || (kind !== "enum" && kind !== "enum64");
  }

  #prototype(type: BtfFunctionPrototype): NewBtfType {
    const last = type.parameters.length - 1;
    const isOfFunction = this.#ofFunctions.has(type.id);
    const parameters = type.parameters.map(({ name, type: id }, index) => {
      if (id === 0 && index === last && name === "") return { name, type: id };
      // Those of functions must have names.
      return { name: cleaned(name) || (isOfFunction ? `argument_${index + 1}` : ""), type: this.#valued(id) };
    });
    return { ...type, returnType: hasValue(this.#btf, type.returnType) ? type.returnType : 0, parameters };
  }

  /** Sections of externs, and those that hold functions, are the loader's alone. */
  #section(type: BtfDataSection): NewBtfType {
    let end = 0;
    const isSound = type.variables.every(({ type: id, offset, size }) => {
      const follows = offset >= end && size > 0 && this.#btf.type(id).kind === "var";
      end = offset + size;
      return follows && end <= type.size;
    });
    if (!isSound || type.size === 0) return empty(type.size);
    return { ...type, name: (type.name || `section_${type.id}`).replace(/^\?/, "_").replaceAll(/[^\w.]/g, "_") };
  }

  #declTag(type: BtfDeclTag): NewBtfType {
    const target = this.#btf.type(type.type);
    const parts =
      target.kind === "struct" || target.kind === "union"
        ? target.members.length
        : target.kind === "func"
          ? this.#parametersOf(target.type)
          : target.kind === "var" || target.kind === "typedef"
            ? 0
            : -1;
    const isSound =
      parts >= 0 && type.componentIndex >= -1 && type.componentIndex < Math.max(parts, 0) && type.name !== "";
    return isSound && !this.#old ? type : empty(0);
  }

  #parametersOf(id: number): number {
    const prototype = this.#btf.type(id);
    return prototype.kind === "func_proto" ? prototype.parameters.length : 0;
  }

  #valued(id: number): number {
    return hasValue(this.#btf, id) ? id : this.#nothing;
  }
}

function empty(size: number): NewBtfType {
  return { kind: "struct", name: "", size, members: [] };
}

function isPowerOfTwo(size: number): boolean {
  return [1, 2, 4, 8].includes(size);
}

/** For kinds that must have a name. */
function named<T extends { readonly id: number; readonly kind: string; readonly name: string }>(type: T): T {
  return { ...type, name: cleaned(type.name) || `${type.kind}_${type.id}` };
}

function cleanedEntry<T extends { readonly name: string }>(entry: T): T {
  return { ...entry, name: cleaned(entry.name) || "_" };
}

/** The kernel takes names of C: those of Rust have other letters. KSYM_NAME_LEN is 512. */
function cleaned(name: string): string {
  const letters = name.replaceAll(/[^\w.]/g, "_").slice(0, 511);
  return /^\d/.test(letters) ? `_${letters}`.slice(0, 511) : letters;
}
