import type { BtfInt } from "../types.ts";

/** C11, and what compilers keep for themselves. */
const keywords = new Set(
  (
    "auto break case char const continue default do double else enum extern float for goto if inline int long register restrict return short " +
    "signed sizeof static struct switch typedef union unsigned void volatile while asm typeof _Alignas _Alignof _Atomic _Bool _Complex " +
    "_Generic _Imaginary _Noreturn _Static_assert _Thread_local __int128"
  ).split(" "),
);

/** Ordinary names that clang has given away already. */
const builtin = ["__builtin_va_list", "__int128_t", "__uint128_t", "__builtin_ms_va_list", "__NSConstantString"];

/** Names for whatever has one, no two alike in a name space of C: the second `state` is `state___2`, a flavor of it for CO-RE. */
export class CNames {
  /** Of `struct`, `union` and `enum`. */
  readonly #tags = new Map<string, string>();
  /** Of typedefs and the values of enums. */
  readonly #ordinary = new Map<string, string>();
  readonly #given = new Map<string, string>();
  readonly #last = new Map<string, number>();

  constructor() {
    for (const name of builtin) this.#ordinary.set(name, "");
  }

  /** `key` is whose name it is: the same again for the same key. */
  tag(key: string, name: string): string {
    return this.#give(this.#tags, `tag ${key}`, name);
  }

  ordinary(key: string, name: string): string {
    return this.#give(this.#ordinary, key, name);
  }

  #give(taken: Map<string, string>, key: string, name: string): string {
    const known = this.#given.get(key);
    if (known !== undefined) return known;
    const wanted = identifier(name);
    let [given, number] = [wanted, this.#last.get(wanted) ?? 1];
    while (taken.has(given)) given = `${wanted}___${(number += 1)}`;
    this.#last.set(wanted, number);
    taken.set(given, key);
    this.#given.set(key, given);
    return given;
  }
}

/** Longer names are told apart by nobody. */
const longest = 512;

/** A name that C takes: what other languages, or somebody who means no good, have put into the table is written with underscores. */
export function identifier(name: string): string {
  const letters = name.slice(0, longest).replace(/[^A-Za-z0-9_]/g, "_");
  return /^\d/.test(letters) || keywords.has(letters) ? `_${letters}` : letters;
}

/** Spellings of integers, with the bytes that clang gives them for eBPF. */
const integers: Readonly<Record<string, number>> = {
  char: 1,
  "signed char": 1,
  "unsigned char": 1,
  _Bool: 1,
  short: 2,
  "short int": 2,
  "unsigned short": 2,
  "short unsigned int": 2,
  int: 4,
  unsigned: 4,
  "unsigned int": 4,
  long: 8,
  "long int": 8,
  "unsigned long": 8,
  "long unsigned int": 8,
  "long long": 8,
  "long long int": 8,
  "unsigned long long": 8,
  "long long unsigned int": 8,
  __int128: 16,
  "unsigned __int128": 16,
  "__int128 unsigned": 16,
};

/** An integer of so many bytes; undefined where C has none. */
export function integerOf(size: number, signed: boolean): string | undefined {
  const plain = new Map([
    [1, "char"],
    [2, "short"],
    [4, "int"],
    [8, "long long"],
    [16, "__int128"],
  ]).get(size);
  return plain === undefined ? undefined : `${signed ? "signed" : "unsigned"} ${plain}`;
}

/** By the name that the table has, where C knows it for such an integer. */
export function integerName(type: BtfInt): string | undefined {
  if (Object.hasOwn(integers, type.name) && integers[type.name] === type.size) return type.name;
  if (type.encoding === "bool" && type.size === 1) return "_Bool";
  return integerOf(type.size, type.encoding === "signed");
}
