import { builtinTypes, operators, standardNames } from "./itanium-words.ts";
import { type MangledText, NotMangled, notTooLong } from "./mangled-text.ts";

/** So many parts of a symbol are read, substitutions counted. */
const mostParts = 2000;

interface Name {
  readonly text: string;
  /** Ends with arguments of a template: then its type begins with what it returns. */
  readonly template: boolean;
}

/** Symbols of C++ (Itanium C++ ABI, chapter 5.1). */
export class ItaniumReader {
  readonly #text: MangledText;
  readonly #known: string[] = [];
  /** Of the template that was read last: `T_` refers to them. */
  #arguments: readonly string[] = [];
  #parts = 0;

  constructor(text: MangledText) {
    this.#text = text;
  }

  /** With its parameters, where they are understood. */
  symbol(): string {
    const special = this.#special();
    if (special !== undefined) return special;
    return this.#encoding();
  }

  #encoding(): string {
    const name = this.#name();
    const text = this.#text;
    if (text.atEnd || text.peek() === "E" || text.peek() === ".") return name.text;
    if (name.template && !/::~?(\w+)<.*>::~?\1$/.test(name.text)) this.#type();
    const parameters: string[] = [];
    while (!text.atEnd && text.peek() !== "E" && text.peek() !== ".") parameters.push(this.#type());
    return notTooLong(`${name.text}(${parameters.join(", ").replace(/^void$/, "")})`);
  }

  #special(): string | undefined {
    const text = this.#text;
    if (text.take("TV")) return `vtable for ${this.#type()}`;
    if (text.take("TI")) return `typeinfo for ${this.#type()}`;
    if (text.take("GV")) return `guard variable for ${this.#name().text}`;
    if (text.matched(/^Th(?:n?\d+)_/) !== "") return `non-virtual thunk to ${this.#encoding()}`;
    return undefined;
  }

  #name(): Name {
    if ((this.#parts += 1) > mostParts) throw new NotMangled();
    return this.#text.nested(() => this.#anyName());
  }

  #anyName(): Name {
    const text = this.#text;
    if (text.take("N")) return this.#nestedName();
    if (text.take("Z")) return this.#localName();
    const known = text.peek() === "S" && !text.startsWith("St") ? this.#substitution() : undefined;
    const simple = known ?? (text.take("St") ? `std::${this.#unqualified("")}` : this.#unqualified(""));
    if (text.peek() !== "I") return { text: simple, template: false };
    if (known === undefined) this.#remember(simple);
    return { text: simple + this.#templateArguments(), template: true };
  }

  #nestedName(): Name {
    const text = this.#text;
    text.matched(/^[rVK]*[RO]?/);
    let name = "";
    let template = false;
    for (let parts = 0; !text.take("E"); parts += 1) {
      if (parts > mostParts) throw new NotMangled();
      template = text.peek() === "I";
      if (template) name += this.#templateArguments();
      else name = this.#nestedPart(name);
      if (text.peek() !== "E") this.#remember(name);
    }
    if (name === "") throw new NotMangled();
    return { text: name, template };
  }

  #nestedPart(before: string): string {
    const text = this.#text;
    if (before === "" && text.take("St")) return "std";
    if (before === "" && text.peek() === "S") return this.#forgotten(this.#substitution());
    if (before === "" && text.peek() === "T") return this.#templateParameter();
    const part = this.#unqualified(before);
    return before === "" ? part : notTooLong(`${before}::${part}`);
  }

  /** A substitution is none anew: what is remembered next stands for it. */
  #forgotten(name: string): string {
    this.#again = name;
    return name;
  }

  #again: string | undefined;

  #localName(): Name {
    const within = this.#encoding();
    this.#text.expect("E");
    if (this.#text.take("s")) return { text: `${within}::string literal`, template: false };
    const inner = this.#name();
    this.#text.matched(/^__?\d+_?/);
    return { text: notTooLong(`${within}::${inner.text}`), template: inner.template };
  }

  #unqualified(before: string): string {
    const text = this.#text;
    text.take("L");
    const name = this.#unqualifiedWord(before);
    while (text.take("B")) text.named(text.number());
    return name;
  }

  #unqualifiedWord(before: string): string {
    const text = this.#text;
    if (/\d/.test(text.peek())) {
      const name = text.named(text.number());
      return name.startsWith("_GLOBAL__N") ? "(anonymous namespace)" : name;
    }
    const own = /(\w+)(?:<.*>)?$/.exec(before)?.[1] ?? before;
    if (text.matched(/^C[1-5]/) !== "") return own;
    if (text.matched(/^D[0-5]/) !== "") return `~${own}`;
    if (text.take("Ul")) return this.#lambda();
    if (text.take("Ut")) {
      text.matched(/^\d*_/);
      return "{unnamed type}";
    }
    if (text.take("cv")) return `operator ${this.#type()}`;
    const operator = operators[text.letters(2)];
    if (operator === undefined) throw new NotMangled();
    return `operator${operator}`;
  }

  #lambda(): string {
    const text = this.#text;
    const parameters: string[] = [];
    while (!text.take("E")) parameters.push(this.#type());
    const number = text.matched(/^\d*_/).slice(0, -1);
    const count = number === "" ? 1 : Number(number) + 2;
    return `{lambda(${parameters.join(", ").replace(/^void$/, "")})#${count}}`;
  }

  #templateArguments(): string {
    this.#text.expect("I");
    const all: string[] = [];
    while (!this.#text.take("E")) all.push(...this.#templateArgument());
    this.#arguments = all;
    return notTooLong(`<${all.join(", ")}>`);
  }

  #templateArgument(): string[] {
    const text = this.#text;
    if (!text.take("J")) return [text.take("L") ? this.#literal() : this.#type()];
    const all: string[] = [];
    while (!text.take("E")) all.push(...this.#templateArgument());
    return all;
  }

  #literal(): string {
    const text = this.#text;
    if (text.take("_Z")) {
      const name = this.#encoding();
      text.expect("E");
      return `&${name}`;
    }
    const type = this.#type();
    const value = text.matched(/^n?\d*/).replace("n", "-");
    text.expect("E");
    if (type === "bool") return value === "1" ? "true" : "false";
    return type === "int" ? value : `(${type})${value}`;
  }

  #type(): string {
    if ((this.#parts += 1) > mostParts) throw new NotMangled();
    return notTooLong(this.#text.nested(() => this.#anyType()));
  }

  #anyType(): string {
    const text = this.#text;
    const builtin = builtinTypes[text.peek()] ?? builtinTypes[text.startsWith("D") ? text.peek(2) : ""];
    if (builtin !== undefined) {
      text.letters(text.peek() === "D" ? 2 : 1);
      return builtin;
    }
    if (text.peek() === "S" && !text.startsWith("St")) {
      const known = this.#substitution();
      return text.peek() === "I" ? this.#remember(known + this.#templateArguments()) : known;
    }
    return this.#remember(this.#compound());
  }

  #compound(): string {
    const text = this.#text;
    const qualifiers = text.matched(/^[rVK]+/);
    if (qualifiers !== "") {
      const type = this.#type();
      return `${type}${qualifiers.includes("K") ? " const" : ""}${qualifiers.includes("V") ? " volatile" : ""}`;
    }
    if (text.take("P")) return pointer(this.#type(), "*");
    if (text.take("R")) return pointer(this.#type(), "&");
    if (text.take("O")) return pointer(this.#type(), "&&");
    if (text.take("Dp")) return this.#type();
    if (text.take("F")) return this.#functionType();
    if (text.take("A")) {
      const length = text.matched(/^\d+/);
      text.expect("_");
      return `${this.#type()} [${length}]`;
    }
    if (text.take("M")) {
      const of = this.#type();
      return `${this.#type()} ${of}::*`;
    }
    if (text.peek() === "T" && /T[\d_]/.test(text.peek(2))) {
      const parameter = this.#templateParameter();
      return text.peek() === "I" ? this.#remember(parameter) + this.#templateArguments() : parameter;
    }
    return this.#name().text;
  }

  #functionType(): string {
    const text = this.#text;
    text.take("Y");
    const result = this.#type();
    const parameters: string[] = [];
    while (!text.take("E")) parameters.push(this.#type());
    return `${result} (${parameters.join(", ").replace(/^void$/, "")})`;
  }

  #templateParameter(): string {
    this.#text.expect("T");
    const digits = this.#text.matched(/^\d*/);
    this.#text.expect("_");
    return this.#arguments[digits === "" ? 0 : Number(digits) + 1] ?? "auto";
  }

  #substitution(): string {
    const text = this.#text;
    text.expect("S");
    const digits = text.matched(/^[\dA-Z]*(?=_)/);
    if (text.take("_")) {
      const known = this.#known[digits === "" ? 0 : Number.parseInt(digits, 36) + 1];
      if (known === undefined) throw new NotMangled();
      return known;
    }
    const standard = standardNames[text.letters(1)];
    if (standard === undefined) throw new NotMangled();
    return standard;
  }

  #remember(name: string): string {
    const again = this.#again === name;
    this.#again = undefined;
    if (!again && name !== "std") this.#known.push(name);
    return name;
  }
}

function pointer(to: string, sign: string): string {
  return / \([^()]*\)$/.test(to) ? to.replace(/ (\([^()]*\))$/, ` (${sign})$1`) : `${to}${sign}`;
}
