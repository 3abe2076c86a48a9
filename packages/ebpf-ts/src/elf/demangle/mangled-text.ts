/** Thrown, and caught, within this folder alone. */
export class NotMangled extends Error {}

/** What is short stands for what is long: symbols refer to what they have said before. */
const longestName = 4096;
const deepest = 64;

/** The letters of a symbol, from left to right. */
export class MangledText {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    if (text.length > longestName) throw new NotMangled();
    this.#text = text;
  }

  get atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  get at(): number {
    return this.#at;
  }

  /** The next letters; fewer at the end. */
  peek(count = 1): string {
    return this.#text.slice(this.#at, this.#at + count);
  }

  startsWith(letters: string): boolean {
    return this.#text.startsWith(letters, this.#at);
  }

  /** Whether these letters came next; they are behind us then. */
  take(letters: string): boolean {
    if (!this.startsWith(letters)) return false;
    this.#at += letters.length;
    return true;
  }

  expect(letters: string): void {
    if (!this.take(letters)) throw new NotMangled();
  }

  letters(count: number): string {
    const end = this.#at + count;
    if (end > this.#text.length) throw new NotMangled();
    const text = this.#text.slice(this.#at, end);
    this.#at = end;
    return text;
  }

  matched(pattern: RegExp): string {
    const found = pattern.exec(this.#text.slice(this.#at))?.[0] ?? "";
    this.#at += found.length;
    return found;
  }

  number(): number {
    const digits = this.matched(/^\d{1,4}/);
    if (digits === "") throw new NotMangled();
    return Number(digits);
  }

  /** Names have their length in bytes. */
  named(bytes: number): string {
    const start = this.#at;
    for (let left = bytes; left > 0;) {
      const letter = String.fromCodePoint(this.#text.codePointAt(this.#at) ?? 0);
      if (this.atEnd) throw new NotMangled();
      left -= encoder.encode(letter).length;
      this.#at += letter.length;
    }
    return this.#text.slice(start, this.#at);
  }

  /** Reads from another place, and comes back. */
  elsewhere<T>(at: number, read: () => T): T {
    const here = this.#at;
    this.#at = at;
    try {
      return read();
    } finally {
      this.#at = here;
    }
  }

  /** Symbols are hostile too: those that nest without end are none. */
  nested<T>(read: () => T): T {
    if (this.#depth >= deepest) throw new NotMangled();
    this.#depth += 1;
    const value = read();
    this.#depth -= 1;
    return value;
  }
}

const encoder = new TextEncoder();

/** Of what was read: a name that would be longer than any that one reads is none. */
export function notTooLong(text: string): string {
  if (text.length > longestName) throw new NotMangled();
  return text;
}
