/** Bytes of a map without types that are as long as an integer are taken for one without a sign. */
export function readable(value: unknown): unknown {
  if (!(value instanceof Uint8Array)) return value;
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  switch (value.length) {
    case 1:
      return view.getUint8(0);
    case 2:
      return view.getUint16(0, true);
    case 4:
      return view.getUint32(0, true);
    case 8:
      return view.getBigUint64(0, true);
    default:
      return value;
  }
}

export function isZero(value: unknown): boolean {
  if (value instanceof Uint8Array) return value.every((byte) => byte === 0);
  if (typeof value === "object" && value !== null) return Object.values(value).every(isZero);
  return value === undefined || value === null || value === 0 || value === 0n || value === "" || value === false;
}

/** The values of all CPUs as one: numbers are added, of anything else the first is taken that is not zero. */
export function sumOf(values: readonly unknown[]): unknown {
  return values.reduce(add);
}

function add(a: unknown, b: unknown): unknown {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "bigint" && typeof b === "bigint") return a + b;
  if (Array.isArray(a) && Array.isArray(b)) return a.map((each, index) => add(each, b[index]));
  if (isStruct(a) && isStruct(b))
    return Object.fromEntries(Object.keys(a).map((name) => [name, add(a[name], b[name])]));
  return isZero(a) ? b : a;
}

function isStruct(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

/** What entries are sorted by: the number, the first number of a struct, the sum of an array. */
export function rankOf(value: unknown): number {
  if (typeof value === "number" || typeof value === "bigint") return Number(value);
  if (Array.isArray(value)) return value.reduce((sum: number, each) => sum + rankOf(each), 0);
  if (!isStruct(value)) return 0;
  const first = Object.values(value).find((each) => typeof each === "number" || typeof each === "bigint");
  return first === undefined ? rankOf(Object.values(value).find(Array.isArray) ?? 0) : Number(first);
}

export function countersOf(value: unknown): bigint[] {
  return Array.isArray(value)
    ? value.map((each) => (typeof each === "number" ? BigInt(each) : BigInt(each as bigint)))
    : [];
}
