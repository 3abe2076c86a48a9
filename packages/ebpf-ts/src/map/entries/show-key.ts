import { showValue } from "../../base/checks.ts";

const longest = 80;
const deepest = 3;

/** A key, for errors: with members and elements, as many as a line has room for. What cannot be looked at is "an object". */
export function showKey(key: unknown): string {
  try {
    const text = outline(key, 0);
    return text.length > longest ? `${text.slice(0, longest)}…` : text;
  } catch {
    return showValue(key);
  }
}

function outline(value: unknown, depth: number): string {
  if (typeof value !== "object" || value === null || depth === deepest) return showValue(value);
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)))
    return `[${joined(someOf(value as ArrayLike<unknown>), (each) => outline(each, depth + 1))}]`;
  const names = Object.keys(value);
  const member = (name: string): string =>
    `${/^\w+$/.test(name) ? name : JSON.stringify(name)}: ${outline((value as Record<string, unknown>)[name], depth + 1)}`;
  return names.length === 0 ? showValue(value) : `{ ${joined(names, member)} }`;
}

/** Each takes three characters at least. */
function someOf(list: ArrayLike<unknown>): unknown[] {
  return Array.from({ length: Math.min(list.length, longest / 2) }, (_, index) => list[index]);
}

/** No more than are shown are looked at. */
function joined<T>(list: readonly T[], show: (each: T) => string): string {
  let text = "";
  for (const each of list) {
    if (text.length > longest) break;
    text += `${text === "" ? "" : ", "}${show(each)}`;
  }
  return text;
}
