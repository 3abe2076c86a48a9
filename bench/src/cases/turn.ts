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
