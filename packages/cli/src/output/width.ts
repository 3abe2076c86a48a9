import { createRequire } from "node:module";
import type stringWidth from "string-width";

const require = createRequire(import.meta.url);

/** What every terminal shows in one column each: nearly all that is ever printed. */
const plain = /^[\x20-\x7e]*$/;

/** Pads to a number of columns of a terminal, of which some characters take two and some none. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** Tables of what is wide are read where something else than plain text is printed. */
export function widthOf(text: string): number {
  return plain.test(text) ? text.length : (require("string-width") as typeof stringWidth)(text);
}
