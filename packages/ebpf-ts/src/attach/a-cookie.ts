import { type Check, wrongKind } from "../base/checks.ts";

const most = 2n ** 64n - 1n;

/** A number that the program finds again (`bpf_get_attach_cookie`): unsigned, of 64 bits. */
export const aCookie: Check = (value, what) => {
  const whole = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
  if (!whole) throw wrongKind(what, "a bigint or a whole number", value);
  if (value < 0 || value > most) throw new RangeError(`${what} must be from 0 to 2^64 - 1, not ${value}`);
};
