import type { Case, Turns } from "../case.ts";
import { quantile } from "../statistics.ts";
import { type Consumed, type Load, PinnedRing, type RingTurn } from "./pinned-ring.ts";
import type { Produced } from "./turn.ts";

const NO_WAKEUP = 1; // BPF_RB_NO_WAKEUP
const DEFAULT = 0;

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
  latency("latency/event", 0.5),
  latency("latency/event/p99", 0.99),
];

/** Delivered records a second while the producer offers more than anybody can take. */
function throughput(name: string, about: string, turn: RingTurn): Case {
  return {
    name,
    about,
    unit: "records/s",
    better: "more",
    async open(bench) {
      const ring = await PinnedRing.open(bench, turn);
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
      const ring = await PinnedRing.open(bench, turn);
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
function latency(name: string, share: number): Case {
  const turn: RingTurn = { ours: "stamped", peer: ["ring", "latency"], bytes: 40, flags: DEFAULT };
  const load: Load = { rate: 1000, stamped: true };
  return {
    name,
    about: `from bpf_ktime_get_ns() to the body of a loop over raw batches, one event a millisecond, p${share * 100}`,
    unit: "µs",
    better: "less",
    async open(bench) {
      const ring = await PinnedRing.open(bench, turn);
      await bench.settle(() => ring.ours(load));
      const micros = ({ consumed }: { consumed: Latencies }): number => quantile(consumed.nanoseconds, share) / 1000;
      return {
        ours: async () => micros(await ring.ours<Latencies>(load)),
        peer: async () => micros(await ring.peer<Latencies>(load)),
        close: () => ring.close(),
      };
    },
  };
}
