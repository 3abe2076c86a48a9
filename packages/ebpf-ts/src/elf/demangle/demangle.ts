import { ItaniumReader } from "./itanium.ts";
import { MangledText, NotMangled } from "./mangled-text.ts";
import { RustReader } from "./rust.ts";

/** `_ZN…17h0123456789abcdefE`: what Rust has written before its own scheme. */
const oldRust = /^_ZN(.*)17h[\da-f]{16}E(?:\.llvm\..*)?$/;

/**
 * What a symbol of C++ (Itanium ABI) or Rust (both schemes) stands for, as its programmers write it; undefined for what is none, and for
 * what is rare: expressions in arguments of templates.
 */
export function demangle(symbol: string): string | undefined {
  try {
    const rust = oldRust.exec(symbol);
    if (rust !== null) return oldRustName(new MangledText(rust[1]!));
    if (symbol.startsWith("_R")) return new RustReader(new MangledText(symbol.slice(2))).symbol();
    if (symbol.startsWith("_Z")) return new ItaniumReader(new MangledText(symbol.slice(2))).symbol();
    return undefined;
  } catch (error) {
    if (error instanceof NotMangled) return undefined;
    throw error;
  }
}

const escapes: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

function oldRustName(text: MangledText): string {
  const parts: string[] = [];
  while (!text.atEnd) parts.push(text.named(text.number()));
  return parts.map(unescaped).join("::");
}

function unescaped(part: string): string {
  return part
    .replace(/^_(?=\$)/, "")
    .replaceAll("..", "::")
    .replaceAll(/\$(?:u([\da-f]{1,6})|(SP|BP|RF|LT|GT|LP|RP|C))\$/g, (all, code?: string, escape?: string) => {
      if (escape !== undefined) return escapes[escape] ?? all;
      const point = Number.parseInt(code ?? "", 16);
      return point <= 0x10_ffff ? String.fromCodePoint(point) : all;
    });
}
