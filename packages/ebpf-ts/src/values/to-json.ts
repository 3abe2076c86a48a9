/**
 * An event, a key or a value as JSON, which has no 64-bit numbers: a bigint that a JavaScript number holds exactly becomes one, a larger one a
 * string of digits. Bytes become hexadecimal. What `JSON.stringify` leaves out, it leaves out too: undefined for a value that is none.
 */
export function toJson(value: unknown, indent?: number): string | undefined {
  return JSON.stringify(value, jsonValue, indent);
}

function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    const isExact = value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER;
    return isExact ? Number(value) : String(value);
  }
  return value instanceof Uint8Array ? Array.from(value, hexadecimal).join("") : value;
}

function hexadecimal(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
