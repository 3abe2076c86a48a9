import { createInterface } from "node:readline";
import type { TurnRequest } from "../cases/turn.ts";

/** Says that it is ready, with what the others need to know, and answers each line of the input with what a turn gave, until the input ends. */
export async function serveTurns<T extends TurnRequest>(
  run: (turn: T) => Promise<object> | object,
  ready: object = {},
): Promise<void> {
  console.log(JSON.stringify(ready));
  for await (const line of createInterface(process.stdin))
    console.log(JSON.stringify(await run(JSON.parse(line) as T)));
}
