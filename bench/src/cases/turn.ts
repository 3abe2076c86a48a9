import type { Bench } from "../bench.ts";
import type { Child } from "../child.ts";

/** What a script of ours is asked for, as a line of its input. */
export interface TurnRequest {
  readonly seconds: number;
  readonly warmUp: number;
}

export function askOurs<T>(bench: Bench, child: Child, more: object = {}): Promise<T> {
  child.send(JSON.stringify({ seconds: bench.options.seconds, warmUp: bench.warmUp, ...more }));
  return child.answer<T>();
}

/** Runs a peer's program for one turn: SECONDS and WARMUP are the last of its arguments. */
export async function askPeer<T>(bench: Bench, name: string, args: readonly string[]): Promise<T> {
  const child = await bench.peer(name, [...args, String(bench.options.seconds), String(bench.warmUp)]);
  const answer = await child.answer<T>();
  await child.end();
  return answer;
}

/** How peers/producer.c runs a pinned program. */
export interface Producing {
  /** Where the program is pinned. */
  readonly program: string;
  /** Of bpf_ringbuf_submit; 0 by default. */
  readonly flags?: number;
  /** Records a second; as many as it can by default. */
  readonly rate?: number;
  /** Whether records carry the time. */
  readonly stamped?: boolean;
  /** When it is to stop by itself; by default it goes on until nobody consumes any more. */
  readonly seconds?: number;
}

export interface Produced {
  readonly submitted: number;
  readonly refused: number;
}

/** Has the producer run on the other core as long as somebody consumes. */
export async function produceWhile<T>(
  bench: Bench,
  { program, flags = 0, rate = 0, stamped = false, seconds = 0 }: Producing,
  consume: () => Promise<T>,
): Promise<{ consumed: T; produced: Produced }> {
  const args = [program, ...[flags, rate, stamped ? 1 : 0, seconds].map(String)];
  const producer = await bench.otherCore("producer", args);
  const produced = producer.answer<Produced>();
  // The producer only speaks when its input ends: an earlier end is a failure, which is thrown here.
  const consumed = await Promise.race([consume(), produced.then(() => new Promise<never>(() => {}))]);
  producer.endInput();
  return { consumed, produced: await produced };
}
