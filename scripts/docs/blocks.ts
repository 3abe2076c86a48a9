/** The code blocks of a page, in their order. */

export interface Block {
  /** The first word behind the fence: `sh`, `ts`, `c`, `text`, … */
  readonly language: string;
  /** The second: the file that the reader is told to save it as. */
  readonly file: string | undefined;
  readonly text: string;
  /** Of the page, from 1 on. */
  readonly line: number;
  /** What the comment right before the block says, without its first word `with`: code that the block takes as given. */
  readonly given: string | undefined;
}

/** Throws where a fence is not closed. */
export function blocksOf(page: string): readonly Block[] {
  const lines = page.split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^( *)```(.*)$/.exec(lines[at]!);
    if (fence === null) continue;
    const end = lines.findIndex((line, index) => index > at && line.trim() === "```");
    if (end === -1) throw new Error(`the block that begins at line ${at + 1} has no end`);
    const [language = "", file] = fence[2]!.trim().split(/\s+/);
    const text = lines
      .slice(at + 1, end)
      .map((line) => `${line.replace(new RegExp(`^ {0,${fence[1]!.length}}`), "")}\n`);
    blocks.push({ language, file, text: text.join(""), line: at + 1, given: givenBefore(lines, at) });
    at = end;
  }
  return blocks;
}

/** `<!-- with` begins it, `-->` ends it, on the line before the block or the one before that. */
function givenBefore(lines: readonly string[], fence: number): string | undefined {
  let end = fence - 1;
  while (end >= 0 && lines[end] === "") end--;
  if (end < 0 || !lines[end]!.endsWith("-->")) return undefined;
  let start = end;
  while (start >= 0 && !lines[start]!.startsWith("<!--")) start--;
  const comment = /^<!-- with\b([^]*)-->$/.exec(lines.slice(start, end + 1).join("\n"));
  return comment?.[1]!.trim();
}

/** Lines of a `text` block that are not in the output: numbers are any numbers, `…` is anything. */
export function missingLines(expected: string, output: string): readonly string[] {
  const said = output.split("\n");
  return expected
    .split("\n")
    .filter((line) => line.trim() !== "" && line.trim() !== "…")
    .filter((line) => {
      const parts = line.trimEnd().split(/(…|\d+)/);
      const pattern = parts.map((part) => (part === "…" ? ".*" : /^\d+$/.test(part) ? "\\d+" : escape(part)));
      const wanted = new RegExp(`^${pattern.join("")}\\s*$`);
      return !said.some((each) => wanted.test(each));
    });
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/ +/g, " +");
}
