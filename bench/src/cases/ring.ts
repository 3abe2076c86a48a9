import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import type { Child } from "../child.ts";
import { median } from "../statistics.ts";
import { askOurs, askPeer } from "./turn.ts";

/** How our side reads; see ours/ring.ts. */
export type OursMode = "batches" | "interval" | "decoded" | "stamped";
/** How libbpf reads; see peers/ring.c. */
type PeerMode = "poll" | "consume" | "latency";

const NO_WAKEUP = "1"; // BPF_RB_NO_WAKEUP
const DEFAULT = "0";

interface RingTurn {
  readonly ours: OursMode;
  readonly peer: PeerMode;
  /** Payload bytes of a record. */
  readonly bytes: 40 | 256 | 1024;
  readonly flags: string;
}

interface Consumed {
  readonly records: number;
  readonly seconds: number;
}

interface Produced {
  readonly submitted: number;
  readonly refused: number;
}

interface Latencies {
  readonly nanoseconds: readonly number[];
}

export const ringCases: readonly Case[] = [
  throughput("ring/event/40", "for await over raw batches, against ring_buffer__poll", {
    ours: "batches",
    peer: "poll",
    bytes: 40,
    flags: DEFAULT,
  }),
  throughput(
    "ring/busy/40",
    "for await over raw batches by the clock (1 ms), against ring_buffer__consume, without wake-ups",
    { ours: "interval", peer: "consume", bytes: 40, flags: NO_WAKEUP },
  ),
  throughput("ring/decoded/40", "for await, six decoded fields, against the raw callback of ring_buffer__poll", {
    ours: "decoded",
    peer: "poll",
    bytes: 40,
    flags: DEFAULT,
  }),
  throughput("ring/event/256", "as ring/event/40", { ours: "batches", peer: "poll", bytes: 256, flags: DEFAULT }),
  throughput("ring/event/1024", "as ring/event/40", { ours: "batches", peer: "poll", bytes: 1024, flags: DEFAULT }),
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
      await ring.ours(0, 0); // compiles the loops
      const rate = ({ consumed }: { consumed: Consumed }): number => consumed.records / consumed.seconds;
      return {
        ours: async () => rate(await ring.ours(0, 0)),
        peer: async () => rate(await ring.peer(0, 0)),
        close: () => ring.close(),
      };
    },
  };
}

/** The share of reservations that found room, at half of what libbpf can take. */
function fixedLoad(): Case {
  const turn: RingTurn = { ours: "batches", peer: "poll", bytes: 40, flags: DEFAULT };
  return {
    name: "ring/fixed-load",
    about: "share of the records that found room, at half of libbpf's saturation",
    unit: "share",
    better: "more",
    async open(bench): Promise<Turns> {
      const ring = await SharedRing.open(bench, turn);
      const { consumed } = await ring.peer(0, 0);
      const rate = consumed.records / consumed.seconds / 2;
      await ring.ours(rate, 0);
      const share = ({ produced }: { produced: Produced }): number =>
        produced.submitted / (produced.submitted + produced.refused);
      return {
        ours: async () => share(await ring.ours(rate, 0)),
        peer: async () => share(await ring.peer(rate, 0)),
        close: () => ring.close(),
      };
    },
  };
}

/** From the program's clock to where the record is read, one event a millisecond. */
function latency(): Case {
  const turn: RingTurn = { ours: "stamped", peer: "latency", bytes: 40, flags: DEFAULT };
  const rate = 1000;
  return {
    name: "latency/event",
    about: "from bpf_ktime_get_ns() to the body of a loop over raw batches, one event a millisecond, p50",
    unit: "µs",
    better: "less",
    async open(bench) {
      const ring = await SharedRing.open(bench, turn);
      await ring.ours(rate, 1);
      const p50 = ({ consumed }: { consumed: Latencies }): number => median(consumed.nanoseconds) / 1000;
      return {
        ours: async () => p50(await ring.ours<Latencies>(rate, 1)),
        peer: async () => p50(await ring.peer<Latencies>(rate, 1)),
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
    const folder = bench.pinFolder();
    const ours = bench.ours("ring", [folder, turn.ours, String(turn.bytes)]);
    await ours.answer();
    return new SharedRing(bench, turn, folder, ours);
  }

  /** Ends our process, and the ring with it, apart from the pins. */
  close(): Promise<void> {
    return this.#ours.end();
  }

  /** `rate` in records a second, 0 for as many as it can; `stamp` 1 gives them the time. */
  async ours<T = Consumed>(rate: number, stamp: 0 | 1): Promise<{ consumed: T; produced: Produced }> {
    return this.#produceWhile(rate, stamp, () => askOurs<T>(this.#bench, this.#ours));
  }

  async peer<T = Consumed>(rate: number, stamp: 0 | 1): Promise<{ consumed: T; produced: Produced }> {
    const args = [`${this.#folder}/events`, this.#turn.peer];
    return this.#produceWhile(rate, stamp, () => askPeer<T>(this.#bench, "ring", args));
  }

  async #produceWhile<T>(
    rate: number,
    stamp: 0 | 1,
    consume: () => Promise<T>,
  ): Promise<{ consumed: T; produced: Produced }> {
    const producer = await this.#bench.otherCore("producer", [
      `${this.#folder}/produce`,
      this.#turn.flags,
      String(rate),
      String(stamp),
    ]);
    const produced = producer.answer<Produced>();
    // The producer only speaks when its input ends: an earlier end is a failure, which is thrown here.
    const consumed = await Promise.race([consume(), produced.then(() => new Promise<never>(() => {}))]);
    producer.endInput();
    return { consumed, produced: await produced };
  }
}
