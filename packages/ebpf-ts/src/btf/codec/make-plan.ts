import { EbpfError } from "../../base/errors.ts";
import type {
  Btf,
  BtfArray,
  BtfComposite,
  BtfDataSection,
  BtfEnum,
  BtfEnum64,
  BtfInt,
  BtfMember,
  BtfType,
} from "../types.ts";
import { hasValue } from "../layout.ts";
import type { EnumPlan, FieldPlan, Plan, ScalarPlan, StructPlan } from "./plan.ts";

const maxDepth = 64;
const maxFields = 262_144;

/** Types are taken from foreign tables, so that everything here is bounded, also for tables that were not validated. */
class Planner {
  readonly #btf: Btf;
  readonly #structs = new Map<string, StructPlan>();
  /** How many values one record of the type decodes to. */
  readonly #leaves = new Map<Plan, number>();
  #fields = 0;

  constructor(btf: Btf) {
    this.#btf = btf;
  }

  plan(id: number, tail: boolean, depth: number): Plan {
    const type = this.#btf.resolve(id);
    if (depth > maxDepth) throw bad(this.#btf, type, "is nested too deeply, or contains itself");
    switch (type.kind) {
      case "int":
        return planInt(this.#btf, type);
      case "ptr":
        return { op: "big", size: 8, signed: false };
      case "float":
        if (type.size !== 4 && type.size !== 8)
          throw unsupported(this.#btf, type, `a floating point number of ${type.size} bytes`);
        return { op: "float", size: type.size };
      case "enum":
      case "enum64":
        return planEnum(this.#btf, type, planInteger(this.#btf, type, type.size, type.signed));
      case "array":
        return this.#array(type, tail, depth);
      case "struct":
      case "union":
      case "datasec":
        return this.#struct(type, tail, depth);
      case "var":
        return this.plan(type.type, tail, depth + 1);
      default:
        throw bad(this.#btf, type, "is no type of a value");
    }
  }

  #array(type: BtfArray, tail: boolean, depth: number): Plan {
    const element = this.#btf.resolve(type.type);
    const open = tail && type.length === 0;
    if (element.kind === "int" && element.size === 1 && element.bits === 8 && element.bitOffset === 0) {
      if (element.encoding === "char" || element.name === "char") return { op: "text", size: type.length, tail: open };
      if (element.encoding === "unsigned") return { op: "bytes", size: type.length, tail: open };
    }
    const stride = this.#btf.sizeOf(type.type);
    const plan = this.plan(type.type, false, depth + 1);
    const array: Plan = {
      op: "array",
      size: stride * type.length,
      tail: open,
      length: type.length,
      stride,
      element: plan,
    };
    this.#count(type, array, type.length * this.#leavesOf(plan));
    return array;
  }

  #struct(type: BtfComposite | BtfDataSection, tail: boolean, depth: number): StructPlan {
    const key = `${type.id} ${tail}`;
    const known = this.#structs.get(key);
    if (known !== undefined) return known;
    const fields = type.kind === "datasec" ? this.#variables(type, depth) : this.#members(type, 0, tail, depth);
    const open = fields.some(({ plan }) => "tail" in plan && plan.tail);
    const { id, size } = type;
    const struct: StructPlan = { op: "struct", id, name: this.#btf.nameOf(id), size, fields, tail: open };
    for (const field of fields) {
      if (field.offset + field.plan.size > type.size)
        throw bad(this.#btf, type, `has its member ${field.name} outside of its ${type.size} bytes`);
    }
    this.#count(
      type,
      struct,
      fields.reduce((sum, field) => sum + this.#leavesOf(field.plan), 1),
    );
    this.#structs.set(key, struct);
    return struct;
  }

  /** Members of anonymous structs and unions come as if they stood in the parent. */
  #members(type: BtfComposite, base: number, tail: boolean, depth: number): FieldPlan[] {
    if (depth > maxDepth) throw bad(this.#btf, type, "is nested too deeply, or contains itself");
    const fields: FieldPlan[] = [];
    for (const [index, member] of type.members.entries()) {
      this.#fields += 1;
      if (this.#fields > maxFields) throw bad(this.#btf, type, "has too many members");
      // BTF has no kind for some types of C: the others are read all the same.
      if (!hasValue(this.#btf, member.type)) continue;
      const own = this.#btf.resolve(member.type);
      const last = tail && (type.kind === "union" || index === type.members.length - 1);
      if (member.name === "") {
        if (own.kind !== "struct" && own.kind !== "union") continue;
        if (member.bitOffset % 8 !== 0) throw bad(this.#btf, type, "has an anonymous member between two bytes");
        for (const field of this.#members(own, base + member.bitOffset / 8, last, depth + 1)) fields.push(field);
      } else {
        fields.push(this.#member(type, member, own, base, last, depth));
      }
    }
    return fields;
  }

  #member(
    parent: BtfComposite,
    member: BtfMember,
    own: BtfType,
    base: number,
    tail: boolean,
    depth: number,
  ): FieldPlan {
    const { name } = member;
    const bits = bitfieldOf(member, own);
    if (bits !== undefined) {
      const offset = base + Math.floor(bits.start / 8);
      return { name, type: member.type, offset, plan: planBits(this.#btf, own, bits.start % 8, bits.width) };
    }
    if (member.bitOffset % 8 !== 0) throw bad(this.#btf, parent, `has its member ${name} between two bytes`);
    const plan = this.plan(member.type, tail, depth + 1);
    return { name, type: member.type, offset: base + member.bitOffset / 8, plan };
  }

  #variables(section: BtfDataSection, depth: number): FieldPlan[] {
    return section.variables.flatMap(({ type, offset }) => {
      const variable = this.#btf.type(type);
      if (variable.kind !== "var") throw bad(this.#btf, section, "holds something else than variables");
      if (!hasValue(this.#btf, variable.type)) return [];
      return [{ name: variable.name, type: variable.type, offset, plan: this.plan(variable.type, false, depth + 1) }];
    });
  }

  #leavesOf(plan: Plan): number {
    return this.#leaves.get(plan) ?? 1;
  }

  /**
   * Unions describe the same bytes several times, and a hostile table can nest them, or arrays of empty structs, so
   * that a few bytes become billions of values.
   */
  #count(type: BtfType, plan: Plan, leaves: number): void {
    if (leaves > 4096 + 256 * plan.size) throw bad(this.#btf, type, "describes the same bytes too many times");
    this.#leaves.set(plan, leaves);
  }
}

/** Throws `EbpfError` for types that have no values: functions, `void`, forward declarations. */
export function makePlan(btf: Btf, id: number): Plan {
  return new Planner(btf).plan(id, true, 0);
}

/** Bits of a member, if it is a bitfield: by its own word, or, in what old compilers wrote, by that of its int type. */
function bitfieldOf(member: BtfMember, type: BtfType): { start: number; width: number } | undefined {
  if (member.bitSize !== 0) return { start: member.bitOffset, width: member.bitSize };
  if (type.kind !== "int" || (type.bits === type.size * 8 && type.bitOffset === 0)) return undefined;
  return { start: member.bitOffset + type.bitOffset, width: type.bits };
}

function planBits(btf: Btf, type: BtfType, shift: number, width: number): Plan {
  if (type.kind !== "int" && type.kind !== "enum" && type.kind !== "enum64")
    throw bad(btf, type, "is the type of a bitfield");
  if (width === 0 || width > type.size * 8 || width > 128)
    throw bad(btf, type, `is the type of a bitfield of ${width} bits`);
  const signed = type.kind === "int" ? type.encoding === "signed" : type.signed;
  const bool = type.kind === "int" && type.encoding === "bool";
  const plan: ScalarPlan = { op: "bits", size: Math.ceil((shift + width) / 8), shift, width, signed, bool };
  return type.kind === "int" ? plan : planEnum(btf, type, plan);
}

function planInt(btf: Btf, type: BtfInt): Plan {
  if (type.bits !== type.size * 8 || type.bitOffset !== 0) {
    if (type.bitOffset + type.bits > type.size * 8 || type.bitOffset > 7)
      throw bad(btf, type, "has bits outside of its bytes");
    return planBits(btf, type, type.bitOffset, type.bits);
  }
  if (type.encoding === "bool") {
    if (type.size > 8) throw unsupported(btf, type, `a bool of ${type.size} bytes`);
    return { op: "bool", size: type.size };
  }
  return planInteger(btf, type, type.size, type.encoding === "signed");
}

function planInteger(btf: Btf, type: BtfType, size: number, signed: boolean): ScalarPlan {
  if (size === 1 || size === 2 || size === 4) return { op: "int", size, signed };
  if (size === 8 || size === 16) return { op: "big", size, signed };
  throw unsupported(btf, type, `an integer of ${size} bytes`);
}

/** The first name of a value is the one it decodes to. */
function planEnum(btf: Btf, type: BtfEnum | BtfEnum64, of: ScalarPlan): EnumPlan {
  const big = of.op === "big" || (of.op === "bits" && of.width > 32);
  const names = new Map<unknown, string>();
  const values = new Map<string, number | bigint>();
  for (const { name, value } of type.values) {
    // As it is decoded: a bigint from 8 bytes, a number from fewer.
    const seen = big ? BigInt(value) : inBitfield(of, Number(value));
    // A name that stands there twice means the first value: it must not be what another one decodes to.
    if (values.has(name)) continue;
    values.set(name, seen);
    if (!names.has(seen)) names.set(seen, name);
  }
  return { op: "enum", id: type.id, size: of.size, of, names, values };
}

/** Before clang 15 enums had no sign in BTF: -1 is 0xffffffff there, and all ones in a bitfield. */
function inBitfield(of: ScalarPlan, value: number): number {
  if (of.op !== "bits" || of.signed || value < 2 ** 31 || value < 2 ** 32 - 2 ** (of.width - 1)) return value;
  return value - 2 ** 32 + 2 ** of.width;
}

function bad(btf: Btf, type: BtfType, what: string): EbpfError {
  return new EbpfError("BAD_BTF", `BTF type ${type.id} (${btf.nameOf(type.id)}) ${what}`);
}

function unsupported(btf: Btf, type: BtfType, what: string): EbpfError {
  return bad(btf, type, `is ${what}, which cannot be read or written`);
}
