/**
 * Refuses what a user gave: of the wrong kind with a TypeError, of the right kind but out of range with a RangeError. `what` names it, at
 * the start of a sentence: `The option max of drain()`.
 */
export type Check = (value: unknown, what: string) => void;

export const anything: Check = () => {};

export const aBoolean: Check = (value, what) => {
  if (typeof value !== "boolean") throw wrongKind(what, "true or false", value);
};

export const aBigInt: Check = (value, what) => {
  if (typeof value !== "bigint") throw wrongKind(what, "a bigint", value);
};

export const aString: Check = (value, what) => {
  if (typeof value !== "string") throw wrongKind(what, "a string", value);
};

/** Of a file: no path has a NUL. */
export const aPath: Check = (value, what) => {
  if (typeof value !== "string" || value === "" || value.includes("\0")) throw wrongKind(what, "a path", value);
};

export const aFunction: Check = (value, what) => {
  if (typeof value !== "function") throw wrongKind(what, "a function", value);
};

export const aUint8Array: Check = (value, what) => {
  if (!(value instanceof Uint8Array)) throw wrongKind(what, "a Uint8Array", value);
};

export const anObject: Check = (value, what) => {
  if (typeof value !== "object" || value === null) throw wrongKind(what, "an object", value);
};

export const aMap: Check = (value, what) => {
  if (!(value instanceof Map)) throw wrongKind(what, "a Map", value);
};

export const aSignal: Check = (value, what) => {
  const { aborted, addEventListener } = Object(value) as Partial<AbortSignal>;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function")
    throw wrongKind(what, "an AbortSignal", value);
};

export const aPromise: Check = (value, what) => {
  const { then, exited } = Object(value) as { readonly then?: unknown; readonly exited?: unknown };
  if (typeof then === "function") return;
  throw wrongKind(what, exited === undefined ? "a promise" : "a promise, such as the command's exited", value);
};

export const anArray: Check = (value, what) => {
  if (!Array.isArray(value)) throw wrongKind(what, "an array", value);
};

export const strings: Check = (value, what) => {
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string"))
    throw wrongKind(what, "an array of strings", value);
};

export const anIterable: Check = (value, what) => {
  if (typeof (value as Iterable<unknown> | null)?.[Symbol.iterator] !== "function")
    throw wrongKind(what, "an iterable", value);
};

export const anAsyncIterable: Check = (value, what) => {
  if (typeof (value as AsyncIterable<unknown> | null | undefined)?.[Symbol.asyncIterator] !== "function")
    throw wrongKind(what, "an AsyncIterable, such as a ring", value);
};

/** One of these words. */
export function oneOf(...words: readonly string[]): Check {
  return (value, what) => {
    if (!words.includes(value as string)) throw wrongKind(what, either(words.map((word) => `"${word}"`)), value);
  };
}

/** A whole number; Infinity is one where `most` is infinite and `least` is not negative: no limit. */
export function integer(least: number, most: number = Infinity): Check {
  return (value, what) => {
    if (typeof value !== "number") throw wrongKind(what, "a whole number", value);
    const whole = Number.isInteger(value) || (value === Infinity && most === Infinity);
    if (!whole || value < least || value > most) throw outside(what, "a whole number", least, most, value);
  };
}

/** What counts things or bytes: a whole number that is finite. */
export const aCount: Check = integer(0, Number.MAX_VALUE);

export function powerOfTwo(least: number, most: number): Check {
  return (value, what) => {
    if (typeof value !== "number") throw wrongKind(what, "a whole number", value);
    const whole = Number.isInteger(value) && Number.isInteger(Math.log2(value));
    if (!whole || value < least || value > most) throw outside(what, "a power of two", least, most, value);
  };
}

/** A part of a whole that leaves something over. */
export const aShare: Check = (value, what) => {
  if (typeof value !== "number") throw wrongKind(what, "a number", value);
  if (!(value >= 0 && value < 1)) throw new RangeError(`${what} must be from 0 to below 1, not ${value}`);
};

/** Timers take no more (Node fires at once instead). */
export const longestTimer: number = 2 ** 31 - 1;

/** A time in milliseconds, `most` at most; Infinity counts as one where `most` is infinite. */
export function milliseconds(most: number = Infinity): Check {
  return (value, what) => {
    if (typeof value !== "number") throw wrongKind(what, "a number of milliseconds", value);
    if (!(value >= 0 && value <= most)) throw outside(what, "a number of milliseconds", 0, most, value);
  };
}

/** Or leaves out the end of the range. */
function outside(what: string, kind: string, least: number, most: number, value: number): RangeError {
  const endless = most >= Number.MAX_SAFE_INTEGER;
  return new RangeError(
    `${what} must be ${kind} ${endless ? `of ${least} or more` : `from ${least} to ${most}`}, not ${value}`,
  );
}

/** `kind` follows "must be". */
export function wrongKind(what: string, kind: string, value: unknown): TypeError {
  return new TypeError(`${what} must be ${kind}, not ${showValue(value)}`);
}

function either(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

/** For errors: short, and never the user's own `toString`. */
export function showValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === "bigint") return `${value}n`;
  if (Array.isArray(value)) return "an array";
  if (typeof value === "function") return "a function";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}
