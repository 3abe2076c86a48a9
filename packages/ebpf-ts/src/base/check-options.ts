/** What users give, checked where it comes in: a misspelt or mistyped option is told at once, rather than ignored. */

/** `of` names whom the options are for: `drain()`. */
export function checkOptions(options: unknown, names: ReadonlySet<string>, of: string): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of ${of} must be an object, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (names.has(name)) continue;
    throw new TypeError(`Unknown option ${name} of ${of}: the options are ${[...names].join(", ")}`);
  }
}

/** `what` names the argument: `The callback of drain()`. */
export function checkFunction(value: unknown, what: string): void {
  if (typeof value === "function") return;
  throw new TypeError(`${what} must be a function, not ${value === null ? "null" : typeof value}`);
}

export function checkSignal(signal: unknown, of: string): void {
  if (signal === undefined) return;
  const { aborted, addEventListener } = Object(signal) as Partial<AbortSignal>;
  if (typeof aborted === "boolean" && typeof addEventListener === "function") return;
  throw new TypeError(`The option signal of ${of} must be an AbortSignal`);
}

export function checkUntil(until: unknown, of: string): void {
  if (until === undefined || typeof (until as { then?: unknown } | null)?.then === "function") return;
  throw new TypeError(`The option until of ${of} must be a promise`);
}

/** A time in milliseconds, `most` at most; Infinity counts as one where `most` is infinite. */
export function checkMilliseconds(value: unknown, name: string, most: number = Infinity): void {
  if (typeof value !== "number") throw new TypeError(`${name} must be a number of milliseconds, not ${show(value)}`);
  if (value >= 0 && value <= most) return;
  throw new RangeError(`${name} must be ${most === Infinity ? "0 or more" : `from 0 to ${most}`}, not ${value}`);
}

function show(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : value === null ? "null" : `a ${typeof value}`;
}
