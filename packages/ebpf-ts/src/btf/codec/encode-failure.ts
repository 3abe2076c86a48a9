export type Name = string | number;

/** What did not fit, and where, from the inside out. Becomes an `EbpfError` at the top. */
export class EncodeFailure extends Error {
  readonly path: Name[];

  constructor(name: Name, reason: string) {
    super(reason);
    this.path = [name];
  }
}

/** Adds a step to a failure's path. */
export function failureUnder(failure: unknown, name: Name): unknown {
  if (failure instanceof EncodeFailure) failure.path.push(name);
  return failure;
}

export function fail(name: Name, value: unknown, expected: string): never {
  throw new EncodeFailure(name, `${describe(value)} is not ${expected}${awaitHint(value)}`);
}

export function awaitHint(value: unknown): string {
  return value instanceof Promise ? ": await it" : "";
}

export function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a text of ${value.length} letters` : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return describeObject(value);
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}

function describeObject(value: object | null): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Promise) return "a promise";
  const { constructor } = value;
  const kind = typeof constructor === "function" ? constructor.name : "";
  if (kind === "" || kind === "Object") return "an object";
  return `${/^[AEIO]/.test(kind) ? "an" : "a"} ${kind}`;
}
