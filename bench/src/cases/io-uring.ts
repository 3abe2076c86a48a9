import type { Bench } from "../bench.ts";
import type { Case, Turns } from "../case.ts";
import { NotRunnable } from "../not-runnable.ts";
import { askOurs, askPeer } from "./turn.ts";

interface Spent {
  /** Nanoseconds for one message. */
  readonly nanoseconds: number;
}

/** The peer's answer on a host that has no io_uring, or does not let it. */
interface Unavailable {
  readonly unavailable?: string;
}

const name = "io-uring/nop";

export const ioUringCases: readonly Case[] = [
  {
    name,
    about: "a message into the kernel, 4,096 a system call: sendMany() and the drain, against NOPs of io_uring",
    unit: "ns",
    better: "less",
    open,
  },
];

async function open(bench: Bench): Promise<Turns> {
  const peer = async (): Promise<number> => {
    const { nanoseconds, unavailable } = await askPeer<Spent & Unavailable>(bench, "io-uring", []);
    if (unavailable !== undefined) throw new NotRunnable(`${name} cannot run: io_uring_setup says ${unavailable}`);
    return nanoseconds;
  };
  await peer();
  const child = bench.ours("messages", []);
  await child.answer();
  return {
    ours: async () => (await askOurs<Spent>(bench, child)).nanoseconds,
    peer,
    close: () => child.end(),
  };
}
