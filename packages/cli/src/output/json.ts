/** JSON that is valid for whatever strings it has, and does no harm to a terminal: see {@link printable}. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, jsonValue, indent).replace(/[\x7f-\x9f\p{Cf}\p{Zl}\p{Zp}]/gu, (character) =>
    Array.from({ length: character.length }, (_, index) => escaped(character.charCodeAt(index))).join(""),
  );
}

function escaped(unit: number): string {
  return `\\u${unit.toString(16).padStart(4, "0")}`;
}

/** For `JSON.stringify`: 64-bit numbers that a double cannot hold become strings, bytes become hexadecimal. */
function jsonValue(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") {
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER ? Number(value) : String(value);
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
}

/** A string, or an integer that a double may not hold. */
const tokens = /"(?:[^"\\]|\\.)*"|(?<![\w.+-])-?[1-9]\d{15,}(?![\d.eE])/g;
/** `JSON.parse`, but that integers which a double cannot hold become bigints. */
export function parseJson(text: string): unknown {
  // In front of such an integer, while it is parsed as a string.
  const mark = `${crypto.randomUUID()}:`;
  const marked = text.replace(tokens, (token) =>
    token.startsWith('"') || Number.isSafeInteger(Number(token)) ? token : `"${mark}${token}"`,
  );
  return JSON.parse(marked, (_key, value: unknown) =>
    typeof value === "string" && value.startsWith(mark) ? BigInt(value.slice(mark.length)) : value,
  );
}
