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
  throw new EncodeFailure(name, `${describe(value)} is not ${expected}`);
}

function describe(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value.length > 40 ? `a text of ${value.length} letters` : JSON.stringify(value);
    case "bigint":
      return `${value}n`;
    case "object":
      return value === null ? "null" : Array.isArray(value) ? `an array of ${value.length}` : "an object";
    case "function":
    case "symbol":
      return `a ${typeof value}`;
    default:
      return String(value);
  }
}
