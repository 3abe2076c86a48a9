import { makePlan } from "../btf/codec/make-plan.ts";
import type { EnumPlan, FieldPlan, Plan, StructPlan } from "../btf/codec/plan.ts";
import type { Btf, BtfType } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import { type Doc, group, hardLine, ifBreak, indent, join, line, softLine } from "./document.ts";
import { code, literal, pascalCase, propertyName, type TypeNames } from "./names.ts";

/** A type as TypeScript writes it. */
export interface WrittenType {
  readonly text: Doc;
  /** Whether it needs parentheses before `[]`. */
  readonly union: boolean;
}

/** What is declared, in the order in which it was come upon. */
export class Declarations {
  readonly all: Doc[][] = [];
  /** Names of types, by what is the same in all tables. */
  readonly known: Map<string, string> = new Map<string, string>();
}

const bytes = plain("Uint8Array");

/** Typedefs that say no more than the type itself: `__u32`, `uint64_t`, `bool`. */
const plainTypedef = /^(_*[us](?:int)?(?:8|16|32|64|128)(?:_t)?|_*(?:u?int)(?:8|16|32|64|128)(?:_t)?|_?bool|_Bool)$/;

/**
 * The types of an object as TypeScript has them: what a decoder gives, by the same plan that it is made from. Structs, unions, enums and
 * typedefs become declarations, each once, in the order in which they are come upon.
 */
export class TypeWriter {
  readonly #btf: Btf | undefined;
  readonly #names: TypeNames;
  /** By the id of a struct, enum or typedef. */
  readonly #known = new Map<number, string>();
  readonly #declarations: Declarations;

  /** `declarations` may be shared by the writers of several tables: what is the same type in two of them is declared once. */
  constructor(btf: Btf | undefined, names: TypeNames, declarations: Declarations) {
    this.#btf = btf;
    this.#names = names;
    this.#declarations = declarations;
  }

  /**
   * What decoding gives; bytes where there is no type (id 0), undefined where the type cannot be decoded. `hint` names what has no name
   * in C. Values that stand alone (`alone`), in no object, are bytes where they would say less than their bytes do.
   */
  write(id: number, hint: string, alone: boolean): WrittenType | undefined {
    if (this.#btf === undefined || id === 0) return bytes;
    try {
      const plan = makePlan(this.#btf, id);
      const written = this.#type(id, plan, hint);
      return alone && isLossy(plan) ? union(written, bytes) : written;
    } catch (error) {
      if (error instanceof EbpfError) return undefined;
      throw error;
    }
  }

  #type(id: number, plan: Plan, hint: string): WrittenType {
    const type = unqualified(this.#btf!, id);
    if (type.kind === "typedef" && !plainTypedef.test(type.name) && plan.op !== "bits")
      return this.#typedef(type, plan, hint);
    switch (plan.op) {
      case "int":
      case "float":
        return plain("number");
      case "big":
        return plain("bigint");
      case "bool":
        return plain("boolean");
      case "bits":
        return plain(plan.bool ? "boolean" : plan.width > 32 ? "bigint" : "number");
      case "text":
        return plain("string");
      case "bytes":
        return bytes;
      case "array": {
        const array = this.#btf!.resolve(id);
        const element = this.#type(array.kind === "array" ? array.type : 0, plan.element, hint);
        return plain(element.union ? ["(", element.text, ")[]"] : [element.text, "[]"]);
      }
      case "enum":
        return this.#enum(plan, hint);
      case "struct":
        return plain(this.#struct(plan, hint));
    }
  }

  /** The only name of a type that has none itself becomes that of the type. */
  #typedef(type: BtfType & { readonly kind: "typedef" }, plan: Plan, hint: string): WrittenType {
    const known = this.#known.get(type.id);
    if (known !== undefined) return plain(known);
    const target = unqualified(this.#btf!, type.type);
    const own = "name" in target ? target.name : undefined;
    if (own === "" && (plan.op === "struct" || plan.op === "enum")) return this.#type(target.id, plan, type.name);
    if (own !== undefined && pascalCase(own) === pascalCase(type.name)) return this.#type(target.id, plan, hint);
    const signature = `typedef ${type.name} ${signatureOf(plan)}`;
    const declared = this.#declarations.known.get(signature);
    const name = declared ?? this.#names.take(type.name);
    this.#known.set(type.id, name);
    if (declared !== undefined) return plain(name);
    const declaration = this.#declare(signature, name);
    const { text } = this.#type(type.type, plan, name);
    const what = `${code(type.name)}: ${code(this.#btf!.nameOf(type.type))}`;
    declaration.push(comment(what), group(`export type ${name} =`, indent(line, text), ";"));
    return plain(name);
  }

  #struct(plan: StructPlan, hint: string): string {
    const known = this.#known.get(plan.id);
    if (known !== undefined) return known;
    const type = this.#btf!.type(plan.id);
    const named = "name" in type && type.name !== "";
    const signature = signatureOf(plan);
    const declared = named ? this.#declarations.known.get(signature) : undefined;
    const name = declared ?? this.#names.take(named ? type.name : hint);
    this.#known.set(plan.id, name);
    if (declared !== undefined) return name;
    const declaration = this.#declare(named ? signature : "", name);
    const what = named ? code(this.#btf!.nameOf(plan.id)) : `A ${type.kind} without a name`;
    const members = lastOfEach(plan.fields).map((field) => this.#member(field, name));
    declaration.push(comment(`${what}, ${count(plan.size, "byte")}`), "export interface ", name, " ", block(members));
    return name;
  }

  #member({ name, type, plan }: FieldPlan, parent: string): Doc {
    const bits = plan.op === "bits" ? plan : plan.op === "enum" && plan.of.op === "bits" ? plan.of : undefined;
    const declared = this.#btf!.nameOf(type) + (bits === undefined ? "" : ` : ${bits.width}`);
    const { text } = this.#type(type, plan, `${parent}_${name}`);
    return [comment(code(declared)), propertyName(name), ": ", text, ";"];
  }

  /** In a bitfield, a number even where the enum has 64 bits. */
  #enum(plan: EnumPlan, hint: string): WrittenType {
    const number = isBig(plan) ? "bigint" : "number";
    if (plan.values.size === 0) return plain(number);
    const name = this.#known.get(plan.id) ?? this.#declareEnum(plan, hint);
    const whole = this.#btf!.sizeOf(plan.id) > 4 ? "bigint" : "number";
    return whole === number ? plain(name) : union(plain(`Exclude<${name}, ${whole}>`), plain(number));
  }

  #declareEnum(plan: EnumPlan, hint: string): string {
    const type = this.#btf!.type(plan.id);
    const named = "name" in type && type.name !== "";
    const size = this.#btf!.sizeOf(plan.id);
    const signature = `enum ${size} ${named ? type.name : hint} ${signatureOf(plan)}`;
    const declared = named ? this.#declarations.known.get(signature) : undefined;
    const name = declared ?? this.#names.take(named ? type.name : hint);
    this.#known.set(plan.id, name);
    if (declared !== undefined) return name;
    const what = named ? code(this.#btf!.nameOf(plan.id)) : "An enum without a name";
    const kinds = [...plan.values.keys()].map(literal);
    const or = join([...kinds, size > 4 ? "bigint" : "number"], [line, "| "]);
    this.#declare(named ? signature : "", name).push(
      comment(`${what}, ${count(size, "byte")}`),
      group(`export type ${name} =`, indent(line, ifBreak("| "), ...or), ";"),
    );
    return name;
  }

  #declare(signature: string, name: string): Doc[] {
    const declaration: Doc[] = [];
    this.#declarations.all.push(declaration);
    if (signature !== "") this.#declarations.known.set(signature, name);
    return declaration;
  }
}

/** What a plan decodes, and what its parts are called: the same for the same type of two tables. */
function signatureOf(plan: Plan): string {
  switch (plan.op) {
    case "struct": {
      const fields = plan.fields.map(
        (field) => `${JSON.stringify(field.name)} ${field.offset} ${signatureOf(field.plan)}`,
      );
      return `{${JSON.stringify(plan.name)} ${plan.size} ${fields.join(", ")}}`;
    }
    case "array":
      return `${signatureOf(plan.element)}[${plan.length}]`;
    case "enum":
      return `enum ${signatureOf(plan.of)} ${JSON.stringify([...plan.values].map(([name, value]) => [name, String(value)]))}`;
    default:
      return JSON.stringify(plan);
  }
}

/** A text, a boolean or a float that does not say all that its bytes do. */
function isLossy({ op }: Plan): boolean {
  return op === "text" || op === "bool" || op === "float";
}

function isBig({ of }: EnumPlan): boolean {
  return of.op === "big" || (of.op === "bits" && of.width > 32);
}

/** A decoder gives the last of several members of one name. */
function lastOfEach(fields: readonly FieldPlan[]): FieldPlan[] {
  return [...new Map(fields.map((field) => [field.name, field])).values()];
}

function unqualified(btf: Btf, id: number): BtfType {
  let type = btf.type(id);
  while (type.kind === "const" || type.kind === "volatile" || type.kind === "restrict" || type.kind === "type_tag")
    type = btf.type(type.type);
  return type;
}

function plain(text: Doc): WrittenType {
  return { text, union: false };
}

function union(a: WrittenType, b: WrittenType): WrittenType {
  return { text: [a.text, " | ", b.text], union: true };
}

/** On a line of its own. Whatever is foreign in it went through {@link code}. */
export function comment(text: string): Doc {
  return [`/** ${text} */`, hardLine];
}

/** Members on lines of their own, in braces. */
export function block(members: readonly Doc[]): Doc {
  if (members.length === 0) return "{}";
  return ["{", indent(hardLine, ...join(members, hardLine)), hardLine, "}"];
}

/** `MapOf<K, V>`. A name that stands alone is not broken. */
export function generic(name: string, args: readonly Doc[]): Doc {
  const only = soleText(args);
  if (only !== undefined) return [name, "<", only, ">"];
  return group(name, "<", indent(softLine, ...join(args, [",", line])), softLine, ">");
}

/** The text that a list is, and no other, at any depth. */
function soleText(doc: Doc): string | undefined {
  if (typeof doc === "string") return doc;
  return Array.isArray(doc) && doc.length === 1 ? soleText(doc[0] as Doc) : undefined;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
