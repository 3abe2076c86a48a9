import type { Link } from "ebpf-ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { printableLines } from "../output/text.ts";

/** Of the links, those whose programs run because somebody reads what they print. */
export function iteratorsOf(links: readonly Link[]): Link[] {
  return links.filter(({ target }) => target.kind === "iter");
}

/** Prints all that iterators print, one after the other; as JSON each line says by which program. */
export async function printIterators(iterators: readonly Link[], json: boolean, over: Promise<void>): Promise<void> {
  let isOver = false;
  void over.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (const link of iterators) {
    for await (const line of link.read()) {
      if (isOver) return;
      printLine(json ? jsonText({ source: link.program, event: line }) : printableLines(line));
    }
  }
}
