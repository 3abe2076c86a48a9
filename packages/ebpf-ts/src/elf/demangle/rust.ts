import { type MangledText, NotMangled, notTooLong } from "./mangled-text.ts";

const basicTypes: Readonly<Record<string, string>> = {
  a: "i8",
  b: "bool",
  c: "char",
  d: "f64",
  e: "str",
  f: "f32",
  h: "u8",
  i: "isize",
  j: "usize",
  l: "i32",
  m: "u32",
  n: "i128",
  o: "u128",
  p: "_",
  s: "i16",
  t: "u16",
  u: "()",
  v: "...",
  x: "i64",
  y: "u64",
  z: "!",
};

/** So many parts of a symbol are read: references back let a short one be endless. */
const mostParts = 2000;

/** Symbols of Rust since its own scheme (RFC 2603, "v0"). */
export class RustReader {
  readonly #text: MangledText;
  #parts = 0;

  constructor(text: MangledText) {
    this.#text = text;
  }

  symbol(): string {
    this.#text.matched(/^\d+/);
    return this.#path();
  }

  #path(): string {
    if ((this.#parts += 1) > mostParts) throw new NotMangled();
    return notTooLong(this.#text.nested(() => this.#anyPath()));
  }

  #anyPath(): string {
    const text = this.#text;
    switch (text.letters(1)) {
      case "C":
        return this.#identifier().name;
      case "M":
        this.#implPath();
        return `<${this.#type()}>`;
      case "X":
        this.#implPath();
        return `<${this.#type()} as ${this.#path()}>`;
      case "Y":
        return `<${this.#type()} as ${this.#path()}>`;
      case "N":
        return this.#nestedPath();
      case "I":
        return `${this.#path()}::<${this.#list(() => this.#argument()).join(", ")}>`;
      case "B":
        return this.#back(() => this.#path());
      default:
        throw new NotMangled();
    }
  }

  #nestedPath(): string {
    const space = this.#text.letters(1);
    const before = this.#path();
    const { name, number } = this.#identifier();
    if (space === "C") return `${before}::{closure#${number}}`;
    if (space === "S") return `${before}::{shim:${name}#${number}}`;
    return name === "" ? before : `${before}::${name}`;
  }

  /** Where an implementation stands, which nobody writes. */
  #implPath(): void {
    this.#disambiguator();
    this.#path();
  }

  #argument(): string {
    const text = this.#text;
    if (text.take("L")) return this.#lifetime();
    return text.take("K") ? this.#constant() : this.#type();
  }

  #lifetime(): string {
    return this.#base62() === 0 ? "'_" : "'a";
  }

  #type(): string {
    if ((this.#parts += 1) > mostParts) throw new NotMangled();
    return notTooLong(this.#text.nested(() => this.#anyType()));
  }

  #anyType(): string {
    const text = this.#text;
    const basic = basicTypes[text.peek()];
    if (basic !== undefined) {
      text.letters(1);
      return basic;
    }
    if (text.take("A")) return `[${this.#type()}; ${this.#constant()}]`;
    if (text.take("S")) return `[${this.#type()}]`;
    if (text.take("T")) return `(${this.#list(() => this.#type()).join(", ")})`;
    if (text.take("R")) return `&${this.#borrowed()}`;
    if (text.take("Q")) return `&mut ${this.#borrowed()}`;
    if (text.take("P")) return `*const ${this.#type()}`;
    if (text.take("O")) return `*mut ${this.#type()}`;
    if (text.take("F")) return this.#functionType();
    if (text.take("D")) return this.#dynamicType();
    return text.take("B") ? this.#back(() => this.#type()) : this.#path();
  }

  #borrowed(): string {
    if (this.#text.take("L")) this.#lifetime();
    return this.#type();
  }

  #functionType(): string {
    this.#binder();
    const text = this.#text;
    const unsafe = text.take("U") ? "unsafe " : "";
    if (text.take("K") && !text.take("C")) this.#identifier();
    const parameters = this.#list(() => this.#type()).join(", ");
    const result = this.#type();
    return `${unsafe}fn(${parameters})${result === "()" ? "" : ` -> ${result}`}`;
  }

  #dynamicType(): string {
    this.#binder();
    const traits = this.#list(() => {
      const trait = this.#path();
      while (this.#text.take("p")) {
        this.#identifier();
        this.#type();
      }
      return trait;
    });
    this.#text.expect("L");
    this.#lifetime();
    return `dyn ${traits.join(" + ")}`;
  }

  #binder(): void {
    if (this.#text.take("G")) this.#base62();
  }

  #constant(): string {
    const text = this.#text;
    if (text.take("p")) return "_";
    if (text.take("B")) return this.#back(() => this.#constant());
    const type = text.letters(1);
    const sign = text.take("n") ? "-" : "";
    const value = text.matched(/^[\da-f]{0,32}/);
    text.expect("_");
    if (type === "b") return value === "1" ? "true" : "false";
    return sign + BigInt(`0x${value || "0"}`);
  }

  #list(read: () => string): string[] {
    const all: string[] = [];
    while (!this.#text.take("E")) all.push(read());
    return all;
  }

  /** Counts from the first letter behind `_R`. */
  #back<T>(read: () => T): T {
    const start = this.#text.at - 1;
    const to = this.#base62();
    if (to >= start) throw new NotMangled();
    return this.#text.nested(() => this.#text.elsewhere(to, read));
  }

  #identifier(): { readonly name: string; readonly number: number } {
    const number = this.#disambiguator();
    const text = this.#text;
    text.take("u");
    const length = text.number();
    text.take("_");
    return { name: text.named(length), number };
  }

  #disambiguator(): number {
    return this.#text.take("s") ? this.#base62() + 1 : 0;
  }

  /** `_` is 0, `0_` is 1. */
  #base62(): number {
    // Of a crate it is the hash of 64 bits, which nobody reads.
    const digits = this.#text.matched(/^[\dA-Za-z]{0,20}/);
    this.#text.expect("_");
    if (digits === "") return 0;
    let value = 0;
    for (const digit of digits) value = value * 62 + alphabet.indexOf(digit);
    return value + 1;
  }
}

const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
