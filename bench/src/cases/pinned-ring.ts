import type { Bench } from "../bench.ts";
import type { Child } from "../child.ts";
import { askOurs, askPeer, type Produced, produceWhile, type Producing } from "./turn.ts";

/** How our side reads; see ours/ring.ts. */
export type OursMode = "batches" | "interval" | "within10Ms" | "decoded" | "columns" | "stamped";
/** The program that reads, and its arguments after the ring: libbpf (peers/ring.c), or cilium/ebpf (peers/cilium). */
type Peer = readonly ["ring", "poll" | "consume" | "latency"] | readonly ["cilium"];

export interface RingTurn {
  readonly ours: OursMode;
  readonly peer: Peer;
  /** Payload bytes of a record. */
  readonly bytes: 40 | 256 | 1024;
  readonly flags: number;
}

/** What a turn of either side says. */
export interface Consumed {
  readonly records: number;
  readonly seconds: number;
  /** Seconds of the processor that all threads of the process took meanwhile. */
  readonly cpu: number;
  /** KiB that the process had in memory at most. */
  readonly rss: number;
}

export type Load = Pick<Producing, "rate" | "stamped" | "seconds">;

/** One ring, its producer's program, and the two who read it in turn. */
export class PinnedRing {
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
  static async open(bench: Bench, turn: RingTurn): Promise<PinnedRing> {
    // Here, so that nobody waits for a compiler while the producer runs.
    await bench.build(turn.peer[0]);
    const folder = bench.pinFolder();
    const ours = bench.ours("ring", [folder, turn.ours, String(turn.bytes)]);
    await ours.answer();
    return new PinnedRing(bench, turn, folder, ours);
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
