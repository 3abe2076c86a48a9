/** Names and texts of foreign objects, which may be any bytes, as TypeScript. */

const identifier = /^[A-Za-z_$][\w$]*$/;
const longest = 200;

/** A string literal as formatters write it: in the quotes that need fewer backslashes. */
export function literal(text: string): string {
  const doubles = text.split('"').length;
  const quote = doubles > text.split("'").length ? "'" : '"';
  let body = "";
  for (let at = 0; at < text.length; at += 1) body += letter(text[at]!, quote);
  return quote + body + quote;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function letter(character: string, quote: string): string {
  if (character === quote) return `\\${quote}`;
  const escaped = escapes[character];
  if (escaped !== undefined) return escaped;
  const code = character.charCodeAt(0);
  return code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, "0")}` : character;
}

/** The name of a property. */
export function propertyName(name: string): string {
  return identifier.test(name) ? name : literal(name);
}

/** A name, or a piece of C, for a comment: it ends none, and begins with no word that a tool would take for its own. */
export function code(text: string): string {
  return `\`${prose(text)}\``;
}

/** A sentence that may have foreign names in it, for a comment. */
export function prose(text: string): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text;
  return short
    .replace(/[\p{C}\p{Zl}\p{Zp}`]/gu, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`)
    .replaceAll("*/", "*\\/");
}

/** `sample_event` is SampleEvent. Empty when nothing is left of it. */
export function pascalCase(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== "");
  const text = words.map((word) => word[0]!.toUpperCase() + word.slice(1)).join("");
  return (/^\d/.test(text) ? `T${text}` : text).slice(0, longest);
}

/** Names that a module has for its types: each once, the same ones from run to run. */
export class TypeNames {
  readonly #reserved: ReadonlySet<string>;
  readonly #taken: Set<string>;

  /** `reserved` are those that mean something else in the module. */
  constructor(reserved: Iterable<string>) {
    this.#reserved = new Set(reserved);
    this.#taken = new Set(this.#reserved);
  }

  /** The name for a type that C calls `name`: NumberType for `number`, and with a number behind it where that is taken. */
  take(name: string): string {
    const plain = pascalCase(name) || "Unnamed";
    const wanted = this.#reserved.has(plain) ? `${plain}Type` : plain;
    let free = wanted;
    for (let number = 2; this.#taken.has(free); number += 1) free = `${wanted}${number}`;
    this.#taken.add(free);
    return free;
  }
}
