import { InvalidArgumentError } from "commander";

/** Seconds; timers take no more (Node fires at once instead). */
const longestDuration = Math.floor((2 ** 31 - 1) / 1000);

export function parseCount(text: string): number {
  const value = Number(text);
  if (!(value > 0 && Number.isSafeInteger(value))) throw new InvalidArgumentError("It takes a whole number above 0.");
  return value;
}

/** Of a process, a user, …: what range it has, the library knows. */
export function parseNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It takes a number.");
  return Number(text);
}

/** Seconds. */
export function parseDuration(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= longestDuration)) {
    throw new InvalidArgumentError(`It takes a number of seconds above 0, ${longestDuration} at most.`);
  }
  return value;
}

export function parsePrintWidth(text: string): number {
  const value = Number(text);
  if (!(Number.isInteger(value) && value >= 40 && value <= 1000)) {
    throw new InvalidArgumentError("It takes a whole number from 40 to 1000.");
  }
  return value;
}
