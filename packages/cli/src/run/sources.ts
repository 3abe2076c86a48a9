import type { Collection, EventsOptions, Fields, PerfEventArray, PrintedLine, PrintStream, RingBuf } from "ebpf-ts";
import { mapKind, recordOf, type MapSpec } from "ebpf-ts/spec";
import { say } from "../output/report-error.ts";
import { monotonicNs } from "../output/wall-clock.ts";
import { columnsOf, plainColumn, type Column } from "./columns.ts";
import type { ShownEvent, SourceLayout } from "./event-printer.ts";
import { timestampOf } from "./timestamps.ts";
import { hasPrintk } from "./what-prints.ts";

/** Something that gives events until the run is over. */
export interface Source extends SourceLayout {
  readonly name: string;
  /** What it is, for who reads the sums. */
  readonly kind: "ring" | "perf" | "printk";
  readonly received: number;
  /** Undefined where nobody counts them by source. */
  readonly lost: number | undefined;
  read(until: Promise<unknown>, onEvent: (event: ShownEvent) => boolean): Promise<void>;
}

/** As the kernel names the event. */
const printkName = "bpf_printk";

/** All that the object's programs can say something through, opened: what they say from now on is kept. */
export async function openSources(bpf: Collection): Promise<Source[]> {
  const ofKind = (ring: "event" | "perf"): MapSpec[] =>
    bpf.spec.maps.filter(({ name, type }) => mapKind(type).ring === ring && bpf.maps.has(name));
  const rings = ofKind("event").map((spec) => new RingSource(bpf, spec));
  const arrays = ofKind("perf").map((spec) => new PerfSource(bpf, spec));
  return [...rings, ...arrays, ...(await openPrintk(bpf))];
}

/** Where the lines cannot be had, the events still are. */
async function openPrintk(bpf: Collection): Promise<Source[]> {
  if (!hasPrintk(bpf.spec)) return [];
  try {
    const source = new PrintkSource(bpf);
    await source.ready;
    return [source];
  } catch (error) {
    say(`what the programs print is not shown: ${(error as Error).message}`);
    return [];
  }
}

class RingSource implements Source {
  readonly kind = "ring";
  readonly name: string;
  readonly columns: readonly Column[];
  readonly hasTime: boolean;
  readonly ring: RingBuf<Fields>;
  readonly #timeOf: (event: unknown) => bigint | undefined;

  constructor(bpf: Collection, spec: MapSpec) {
    this.name = spec.name;
    this.ring = bpf.ringBuf(spec.name);
    ({ columns: this.columns, hasTime: this.hasTime, timeOf: this.#timeOf } = layoutOf(bpf, spec));
  }

  get received(): number {
    return this.ring.received;
  }

  get lost(): number | undefined {
    return this.ring.lost;
  }

  async read(until: Promise<unknown>, onEvent: (event: ShownEvent) => boolean): Promise<void> {
    for await (const event of this.ring.events({ until }))
      if (!onEvent(shownEvent(this.name, event, this.#timeOf(event)))) return;
  }
}

class PerfSource implements Source {
  readonly kind = "perf";
  readonly name: string;
  readonly columns: readonly Column[];
  readonly hasTime: boolean;
  readonly #array: PerfEventArray<Fields>;
  readonly #timeOf: (event: unknown) => bigint | undefined;

  constructor(bpf: Collection, spec: MapSpec) {
    this.name = spec.name;
    this.#array = bpf.perfEventArray(spec.name);
    ({ columns: this.columns, hasTime: this.hasTime, timeOf: this.#timeOf } = layoutOf(bpf, spec));
  }

  get received(): number {
    return this.#array.received;
  }

  get lost(): number {
    return this.#array.lost;
  }

  async read(until: Promise<unknown>, onEvent: (event: ShownEvent) => boolean): Promise<void> {
    const options: EventsOptions = { until };
    for await (const { cpu, event } of this.#array.events(options))
      if (!onEvent({ ...shownEvent(this.name, event, this.#timeOf(event)), cpu })) return;
  }
}

class PrintkSource implements Source {
  readonly kind = "printk";
  readonly name: string = printkName;
  readonly columns: readonly Column[] = [plainColumn("PID", ["pid"], 10), plainColumn("TEXT", ["text"], 10)];
  readonly hasTime = true;
  readonly #stop: Resolvers = resolvers();
  readonly #lines: PrintStream;
  #received = 0;

  constructor(bpf: Collection) {
    this.#lines = bpf.printk({ until: this.#stop.promise });
  }

  get ready(): Promise<void> {
    return this.#lines.ready;
  }

  get received(): number {
    return this.#received;
  }

  get lost(): number {
    return this.#lines.lost;
  }

  async read(until: Promise<unknown>, onEvent: (event: ShownEvent) => boolean): Promise<void> {
    until.then(this.#stop.resolve, this.#stop.resolve);
    for await (const line of this.#lines) {
      this.#received += 1;
      if (!onEvent(this.#shown(line))) return;
    }
  }

  #shown({ text, pid, cpu, time }: PrintedLine): ShownEvent {
    return { source: this.name, cpu, time, isTimed: true, event: { pid, text } };
  }
}

interface Resolvers {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

/** Promise.withResolvers, which Node 20 does not have. */
function resolvers(): Resolvers {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}

const noTime = (): undefined => undefined;

function shownEvent(source: string, event: unknown, time: bigint | undefined): ShownEvent {
  return { source, time: time ?? monotonicNs(), isTimed: time !== undefined, event };
}

interface Layout extends SourceLayout {
  readonly timeOf: (event: unknown) => bigint | undefined;
}

/** Of several types, the columns of all: a record fills those of its own. */
function layoutOf({ spec }: Collection, map: MapSpec): Layout {
  const { btf, variants } = recordOf(spec, map);
  if (btf === undefined || variants.length === 0)
    return { columns: [plainColumn("BYTES", [], 32)], hasTime: false, timeOf: noTime };
  const all = variants.flatMap(({ type }) => columnsOf(btf, type));
  const columns = [...new Map(all.map((column) => [column.path.join("."), column])).values()];
  const timesOf = variants.flatMap(({ type }) => timestampOf(btf, type) ?? []);
  const timeOf = (event: unknown): bigint | undefined => {
    for (const each of timesOf) {
      const time = each(event);
      if (time !== undefined) return time;
    }
    return undefined;
  };
  return { columns, hasTime: timesOf.length > 0, timeOf };
}
