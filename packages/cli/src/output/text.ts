/**
 * What must not reach a terminal as it is: control characters (C0, DEL, C1: some terminals take U+009B for ESC [), characters that turn or
 * hide text, line separators, halves of surrogate pairs.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside (events, names in an object, paths), for one line of a terminal. */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`;
  });
}

/** The same for text of several lines, which tabs may indent. */
export function printableLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split("\t").map(printable).join("\t"))
    .join("\n");
}

/** A word as a shell takes it. */
export function quoted(word: string): string {
  return /^[\w./=:@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
