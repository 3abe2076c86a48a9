import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import type { Child } from "../child.ts";
import { median } from "../statistics.ts";
import { askOurs, askPeer, type Produced, produceWhile, type Producing } from "./turn.ts";

/** How our side reads; see ours/ring.ts. */
export type OursMode = "batches" | "interval" | "decoded" | "columns" | "stamped";
/** The program that reads, and its arguments after the ring: libbpf (peers/ring.c), or cilium/ebpf (peers/cilium). */
type Peer = readonly ["ring", "poll" | "consume" | "latency"] | readonly ["cilium"];

const NO_WAKEUP = 1; // BPF_RB_NO_WAKEUP
const DEFAULT = 0;

interface RingTurn {
  readonly ours: OursMode;
  readonly peer: Peer;
  /** Payload bytes of a record. */
  readonly bytes: 40 | 256 | 1024;
  readonly flags: number;
}

interface Consumed {
  readonly records: number;
  readonly seconds: number;
}

type Load = Pick<Producing, "rate" | "stamped" | "seconds">;

interface Latencies {
  readonly nanoseconds: readonly number[];
}

export const ringCases: readonly Case[] = [
  throughput("ring/event/40", "for await over raw batches, against ring_buffer__poll", {
    ours: "batches",
    peer: ["ring", "poll"],
    bytes: 40,
    flags: DEFAULT,
  }),
  throughput(
    "ring/busy/40",
    "for await over raw batches by the clock (1 ms), against ring_buffer__consume, without wake-ups",
    { ours: "interval", peer: ["ring", "consume"], bytes: 40, flags: NO_WAKEUP },
  ),
  throughput("ring/decoded/40", "for await, six decoded fields, against the raw callback of ring_buffer__poll", {
    ours: "decoded",
    peer: ["ring", "poll"],
    bytes: 40,
    flags: DEFAULT,
  }),
  throughput("ring/columns/40", "for await, six members to columns, against the raw callback of ring_buffer__poll", {
    ours: "columns",
    peer: ["ring", "poll"],
    bytes: 40,
    flags: DEFAULT,
  }),
  throughput("ring/event/256", "as ring/event/40", {
    ours: "batches",
    peer: ["ring", "poll"],
    bytes: 256,
    flags: DEFAULT,
  }),
  throughput("ring/event/1024", "as ring/event/40", {
    ours: "batches",
    peer: ["ring", "poll"],
    bytes: 1024,
    flags: DEFAULT,
  }),
  throughput(
    "ring/cilium/40",
    "as ring/event/40, against ReadInto of cilium/ebpf's ringbuf.Reader in Go, on one core as our side is (GOMAXPROCS 1)",
    { ours: "batches", peer: ["cilium"], bytes: 40, flags: DEFAULT },
  ),
  fixedLoad(),
  latency(),
];

/** Delivered records a second while the producer offers more than anybody can take. */
function throughput(name: string, about: string, turn: RingTurn): Case {
  return {
    name,
    about,
    unit: "records/s",
    better: "more",
    async open(bench) {
      const ring = await SharedRing.open(bench, turn);
      await ring.ours(); // compiles the loops
      const rate = ({ consumed }: { consumed: Consumed }): number => consumed.records / consumed.seconds;
      return {
        ours: async () => rate(await ring.ours()),
        peer: async () => rate(await ring.peer()),
        close: () => ring.close(),
      };
    },
  };
}

/** The share of reservations that found room, at half of what libbpf can take. */
function fixedLoad(): Case {
  const turn: RingTurn = { ours: "batches", peer: ["ring", "poll"], bytes: 40, flags: DEFAULT };
  return {
    name: "ring/fixed-load",
    about: "share of the records that found room, at half of libbpf's saturation",
    unit: "share",
    better: "more",
    async open(bench): Promise<Turns> {
      const ring = await SharedRing.open(bench, turn);
      const { consumed } = await ring.peer();
      const rate = consumed.records / consumed.seconds / 2;
      // It stops first: what finds no room since nobody reads any more is nobody's loss.
      const load: Load = { rate, seconds: bench.warmUp + bench.options.seconds * 0.9 };
      await ring.ours(load);
      const share = ({ produced }: { produced: Produced }): number =>
        produced.submitted / (produced.submitted + produced.refused);
      return {
        ours: async () => share(await ring.ours(load)),
        peer: async () => share(await ring.peer(load)),
        close: () => ring.close(),
      };
    },
  };
}

/** From the program's clock to where the record is read, one event a millisecond. */
function latency(): Case {
  const turn: RingTurn = { ours: "stamped", peer: ["ring", "latency"], bytes: 40, flags: DEFAULT };
  const load: Load = { rate: 1000, stamped: true };
  return {
    name: "latency/event",
    about: "from bpf_ktime_get_ns() to the body of a loop over raw batches, one event a millisecond, p50",
    unit: "µs",
    better: "less",
    async open(bench) {
      const ring = await SharedRing.open(bench, turn);
      await ring.ours(load);
      const p50 = ({ consumed }: { consumed: Latencies }): number => median(consumed.nanoseconds) / 1000;
      return {
        ours: async () => p50(await ring.ours<Latencies>(load)),
        peer: async () => p50(await ring.peer<Latencies>(load)),
        close: () => ring.close(),
      };
    },
  };
}

/** One ring, its producer's program, and the two who read it in turn. */
class SharedRing {
  readonly #bench: Bench;
  readonly #turn: RingTurn;
  readonly #folder: string;
  readonly #ours: Child;

  private constructor(bench: Bench, turn: RingTurn, folder: string, ours: Child) {
    this.#bench = bench;
    this.#turn = turn;
    this.#folder = folder;
    this.#ours = ours;
  }

  /** Our side loads the object, and pins the ring and the producer for the others. */
  static async open(bench: Bench, turn: RingTurn): Promise<SharedRing> {
    // Here, so that nobody waits for a compiler while the producer runs.
    await bench.build(turn.peer[0]);
    const folder = bench.pinFolder();
    const ours = bench.ours("ring", [folder, turn.ours, String(turn.bytes)]);
    await ours.answer();
    return new SharedRing(bench, turn, folder, ours);
  }

  /** Ends our process, and the ring with it, apart from the pins. */
  close(): Promise<void> {
    return this.#ours.end();
  }

  ours<T = Consumed>(load: Load = {}): Promise<{ consumed: T; produced: Produced }> {
    return produceWhile(this.#bench, this.#producing(load), () => askOurs<T>(this.#bench, this.#ours));
  }

  peer<T = Consumed>(load: Load = {}): Promise<{ consumed: T; produced: Produced }> {
    const [name, ...mode] = this.#turn.peer;
    const args = [`${this.#folder}/events`, ...mode];
    return produceWhile(this.#bench, this.#producing(load), () => askPeer<T>(this.#bench, name, args));
  }

  #producing(load: Load): Producing {
    return { program: `${this.#folder}/produce`, flags: this.#turn.flags, ...load };
  }
}
