import type { Writer } from "./writer.ts";
import { failureUnder } from "./encode-failure.ts";
import { refuseNoMembers } from "./given-members.ts";
import { inlineStore, inlineText } from "./inline-stores.ts";
import { isInherited } from "./plan.ts";
import type { ArrayPlan, EnumPlan, FieldPlan, Plan, ScalarPlan, StructPlan } from "./plan.ts";
import { fillsItsBytes, rangesToClear } from "./ranges-to-clear.ts";
import {
  checkKeys,
  checkObject,
  countOf,
  elementsOf,
  enumValue,
  ownMember,
  wordsOf,
  write128,
  writeAscii,
  writeBigBits,
  writeBits,
  writeBool,
  writeBoolBits,
  writeBytes,
  writeFloat,
  writeI16,
  writeI32,
  writeI8,
  writeText,
  writeU16,
  writeU32,
  writeU8,
  writeWord,
  zero,
} from "./write-values.ts";

const library = {
  checkKeys,
  checkObject,
  countOf,
  elementsOf,
  enumValue,
  failureUnder,
  ownMember,
  wordsOf,
  refuseNoMembers,
  write128,
  writeAscii,
  writeBigBits,
  writeBits,
  writeBool,
  writeBoolBits,
  writeBytes,
  writeFloat,
  writeI16,
  writeI32,
  writeI8,
  writeText,
  writeU16,
  writeU32,
  writeU8,
  writeWord,
  zero,
};

/** The twin of `generateReader`: names enter the text through JSON.stringify only. */
export function generateWriter(plan: Plan): Writer {
  const code = new CodeWriter();
  const body = code.writeWhole(plan);
  const text = `"use strict";
const { ${Object.keys(library).join(", ")} } = library;
${code.functions.join("\n")}
let lastView, lastWords;
return (v, o, x, name, size) => {
  if (v !== lastView) {
    lastWords = wordsOf(v);
    lastView = v;
  }
  // Its own: a getter of the value may encode another one meanwhile.
  const words = lastWords;
  ${body}
};`;
  return new Function("library", "enums", "names", text)(library, code.enums, code.names) as Writer;
}

class CodeWriter {
  readonly functions: string[] = [];
  readonly enums: ReadonlyMap<string, number | bigint>[] = [];
  readonly names: ReadonlySet<string>[] = [];
  readonly #known = new Map<Plan, string>();
  readonly #enumIndex = new Map<ReadonlyMap<string, number | bigint>, number>();

  /** Statements that write the value itself, and clear what it leaves out. */
  writeWhole(plan: Plan): string {
    const ranges = plan.op === "struct" ? rangesToClear(plan) : undefined;
    if (plan.op !== "struct" || ranges === undefined) return `zero(v, o, size); ${this.write(plan, "o", "x", "name")}`;
    this.functions.push(`function whole(v, words, o, x, name) {\n${this.#struct(plan, true)}}`);
    return `${ranges.map(({ at, size }) => `${clear(at, size)} `).join("")}whole(v, words, o, x, name);`;
  }

  /** A statement that writes `value`, a name, at the expression `at`. */
  write(plan: Plan, at: string, value: string, name: string): string {
    switch (plan.op) {
      case "text":
        return inlineText(
          plan,
          at,
          value,
          `writeText(v, ${at}, ${value}, ${plan.tail ? "Infinity" : plan.size}, ${name});`,
        );
      case "bytes":
        return `writeBytes(v, ${at}, ${value}, ${plan.tail ? "Infinity" : plan.size}, ${name});`;
      case "enum":
        return call(plan.of, at, `enumValue(enums[${this.#enum(plan)}], ${value}, ${name})`, name);
      case "array":
      case "struct":
        return `${this.#function(plan)}(v, words, ${at}, ${value}, ${name});`;
      default:
        return inlineStore(plan, at, value, call(plan, at, value, name));
    }
  }

  #enum({ values }: EnumPlan): number {
    const index = this.#enumIndex.get(values) ?? this.enums.push(values) - 1;
    this.#enumIndex.set(values, index);
    return index;
  }

  #function(plan: ArrayPlan | StructPlan): string {
    const known = this.#known.get(plan);
    if (known !== undefined) return known;
    const body = plan.op === "array" ? this.#array(plan) : this.#struct(plan);
    const name = `f${this.functions.length}`;
    this.functions.push(`function ${name}(v, words, o, x, name) {\n${body}}`);
    this.#known.set(plan, name);
    return name;
  }

  #array(plan: ArrayPlan): string {
    return `  const elements = elementsOf(x, name);
  const count = countOf(elements, ${plan.tail ? "Infinity" : plan.length}, name);
  try {
    for (let i = 0; i < count; i++) { const m = elements[i]; ${this.write(plan.element, `o + i * ${plan.stride}`, "m", "i")} }
  } catch (failure) { throw failureUnder(failure, name); }
`;
  }

  /** `clears`: nothing was cleared before but what {@link rangesToClear} says. */
  #struct(plan: StructPlan, clears = false): string {
    const index = this.names.push(new Set(plan.fields.map((field) => field.name))) - 1;
    return `  checkObject(x, name);
  let given = 0;
  let m;
  try {
${plan.fields.map((field) => this.#field(field, clears && fillsItsBytes(field))).join("")}  } catch (failure) { throw failureUnder(failure, name); }
  if (given !== ${plan.fields.length}) checkKeys(x, given, names[${index}], name);
  if (given === 0) refuseNoMembers(x, names[${index}], name);
`;
  }

  #field({ name, offset, plan }: FieldPlan, clears: boolean): string {
    const key = JSON.stringify(name);
    const member = isInherited(name) ? `ownMember(x, ${key})` : `x[${key}]`;
    const otherwise = clears ? ` else { ${clear(offset, plan.size)} }` : "";
    return `    m = ${member};
    if (m !== undefined) { given += 1; ${this.write(plan, `o + ${offset}`, "m", key)} }${otherwise}
`;
  }
}

/** Statements that clear `size` bytes of a value: store by store where they are few: 1 ns in place of 3 for 16 bytes. */
function clear(at: number, size: number): string {
  if (size > 64) return `zero(v, o + ${at}, ${size});`;
  const stores: string[] = [];
  let done = 0;
  for (; done + 8 <= size; done += 8) stores.push(`v.setFloat64(o + ${at + done}, 0, true);`);
  for (; done < size; done += 1) stores.push(`v.setUint8(o + ${at + done}, 0);`);
  return stores.join(" ");
}

/** The call of the function that writes a value, or refuses it. */
function call(plan: ScalarPlan, at: string, value: string, name: string): string {
  switch (plan.op) {
    case "int":
      return `write${plan.signed ? "I" : "U"}${plan.size * 8}(v, ${at}, ${value}, ${name});`;
    case "big":
      if (plan.size === 8) return `writeWord(v, words, ${at}, ${value}, ${plan.signed}, ${name});`;
      return `write${plan.size * 8}(v, ${at}, ${value}, ${plan.signed}, ${name});`;
    case "bool":
      return `writeBool(v, ${at}, ${value}, ${plan.size}, ${name});`;
    case "float":
      return `writeFloat(v, ${at}, ${value}, ${plan.size}, ${name});`;
    case "bits": {
      const place = `${plan.shift}, ${plan.width}`;
      if (plan.width > 32) return `writeBigBits(v, ${at}, ${value}, ${place}, ${plan.signed}, ${name});`;
      if (plan.bool) return `writeBoolBits(v, ${at}, ${value}, ${place}, ${name});`;
      return `writeBits(v, ${at}, ${value}, ${place}, ${plan.signed}, ${name});`;
    }
  }
}
