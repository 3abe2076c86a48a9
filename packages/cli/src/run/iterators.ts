import type { Link } from "ebpf-ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { printableLines } from "../output/text.ts";

/** Of the links, those whose programs run because somebody reads what they print. */
export function iteratorsOf(links: readonly Link[]): Link[] {
  return links.filter(({ target }) => target.kind === "iter");
}

/** Prints all that iterators print, one after the other, until it is over; as JSON each line says by which program. */
export async function printIterators(iterators: readonly Link[], json: boolean, over: Promise<void>): Promise<void> {
  for (const link of iterators) {
    // A program may walk for long without a line.
    const detached = over.then(
      () => link.detach(),
      () => link.detach(),
    );
    detached.catch(() => {}); // it ends with the collection
    for await (const line of link.read())
      printLine(json ? jsonText({ source: link.program, event: line }) : printableLines(line));
    if (!link.attached) return;
  }
}
