import type { CollectionSpec, MapSpec } from "ebpf-ts/spec";
import { columnsOf, eventLine, headingLine, type Column } from "./columns.ts";
import { jsonText } from "../output/json.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";

/** Prints the events of every ring of an object, in columns or as JSON lines, up to a limit. */
export class EventPrinter {
  readonly #json: boolean;
  readonly #limit: number;
  readonly #columns = new Map<string, readonly Column[]>();
  readonly #several: boolean;
  #shown = "";
  #printed = 0;

  constructor(spec: CollectionSpec, rings: readonly MapSpec[], json: boolean, limit: number | undefined) {
    this.#json = json;
    this.#limit = limit ?? Number.POSITIVE_INFINITY;
    this.#several = rings.length > 1;
    for (const ring of rings) this.#columns.set(ring.name, columns(spec, ring));
  }

  /** No further event will be printed. */
  get full(): boolean {
    return this.#printed >= this.#limit;
  }

  print(ring: string, event: unknown): void {
    if (this.full) return;
    this.#printed += 1;
    if (this.#json) {
      printLine(jsonText(this.#several ? { ring, event } : event));
    } else {
      this.#printRow(ring, event);
    }
  }

  /** Headings come before the first row, and again when the rows are another ring's. */
  #printRow(ring: string, event: unknown): void {
    const shape = this.#columns.get(ring) ?? [];
    const prefix = this.#several ? `${printable(ring)}: ` : "";
    if (this.#shown !== ring) printLine(prefix + headingLine(shape));
    this.#shown = ring;
    printLine(prefix + eventLine(shape, event));
  }
}

function columns(spec: CollectionSpec, ring: MapSpec): readonly Column[] {
  if (spec.btf === undefined || ring.recordType === 0) return [{ title: "BYTES", path: [], width: 32 }];
  return columnsOf(spec.btf, ring.recordType);
}
