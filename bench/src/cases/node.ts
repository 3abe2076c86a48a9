import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { quantile } from "../statistics.ts";
import { askOurs, askPeer } from "./turn.ts";

interface Latencies {
  readonly nanoseconds: readonly number[];
}

interface Ticks {
  readonly ticks: number;
  /** Seconds. */
  readonly cpu: number;
}

/** As long as a nap is at ordinary rates. */
const tickMs = "4";

/**
 * Node's event loop without this library, against a loop in C. What the first two have more than C does, `latency/event` has as well, and more: a socket itself takes
 * longer than a ring, on both sides. The third is what `cpu/100k` pays for each nap.
 */
export const nodeCases: readonly Case[] = [
  socket("node/socket", 0.5),
  socket("node/socket/p99", 0.99),
  {
    name: "node/timer",
    about: `CPU time of a timer of ${tickMs} ms that does nothing: Node without this library, against epoll_wait in C`,
    unit: "µs",
    better: "less",
    open: openTimer,
  },
];

function socket(name: string, share: number): Case {
  return {
    name,
    about: `a time stamp a millisecond by a socket: Node without this library, against epoll_wait and read in C, p${share * 100}`,
    unit: "µs",
    better: "less",
    open: (bench) => openSocket(bench, share),
  };
}

async function openSocket(bench: Bench, share: number): Promise<Turns> {
  const server = await bench.otherCore("wake", ["serve"]);
  const { port } = await server.answer<{ port: number }>();
  const child = bench.ours("node-alone", ["socket", String(port)]);
  await child.answer();
  const micros = ({ nanoseconds }: Latencies): number => quantile(nanoseconds, share) / 1000;
  const ours = async (): Promise<number> => micros(await askOurs<Latencies>(bench, child));
  await bench.settle(ours);
  return {
    ours,
    peer: async () => micros(await askPeer<Latencies>(bench, "wake", ["socket", String(port)])),
    close: async () => {
      await child.end();
      await server.end();
    },
  };
}

async function openTimer(bench: Bench): Promise<Turns> {
  const child = bench.ours("node-alone", ["timer", tickMs]);
  await child.answer();
  const micros = ({ ticks, cpu }: Ticks): number => (cpu * 1e6) / Math.max(ticks, 1);
  const ours = async (): Promise<number> => micros(await askOurs<Ticks>(bench, child));
  await bench.settle(ours);
  return {
    ours,
    peer: async () => micros(await askPeer<Ticks>(bench, "wake", ["timer", tickMs])),
    close: () => child.end(),
  };
}
