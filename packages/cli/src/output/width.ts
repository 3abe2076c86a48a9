import stringWidth from "string-width";

/** Pads to a number of columns of a terminal, of which some characters take two and some none. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - stringWidth(text)));
}

export function widthOf(text: string): number {
  return stringWidth(text);
}
