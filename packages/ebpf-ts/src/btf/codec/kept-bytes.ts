/**
 * What single reads tell the decoder above them: that a value says less than its bytes do. A text with bytes behind its NUL, without a NUL,
 * or not of UTF-8, a bool that is neither 0 nor 1, a NaN other than JavaScript's. One call decodes at a time, so that one place does.
 */
export const loss: { seen: boolean } = { seen: false };

/**
 * Gives any object a private member of another class. A WeakMap would do the same, and cost a microsecond and more for each record, most
 * of it when garbage is collected.
 */
const Stamped = function (value: object): object {
  return value;
} as unknown as new (value: object) => object;

class Kept extends Stamped {
  #bytes: Uint8Array;

  constructor(value: object, bytes: Uint8Array) {
    super(value);
    this.#bytes = bytes;
  }

  static of(value: object): Uint8Array | undefined {
    return #bytes in value ? value.#bytes : undefined;
  }

  static set(value: object, bytes: Uint8Array): object {
    if (!(#bytes in value)) return new Kept(value, bytes);
    value.#bytes = bytes;
    return value;
  }
}

/** Whether any object of this thread remembers its bytes: looking is a tenth of what it takes to encode one. */
export const keeping: { any: boolean } = { any: false };

/** Lets a decoded object remember what it was decoded from. Nothing of that is seen on it; copies of it do not have it. */
export function keepBytes(value: object, bytes: Uint8Array): void {
  keeping.any = true;
  Kept.set(value, bytes);
}

/** What a decoded object remembers, if anything. */
export function keptBytes(value: unknown): Uint8Array | undefined {
  return keeping.any && typeof value === "object" && value !== null ? Kept.of(value) : undefined;
}

/** Whether two values that were decoded say the same. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) && sameValue((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}
