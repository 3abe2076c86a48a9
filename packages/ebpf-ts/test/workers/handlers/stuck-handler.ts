import { execFileSync } from "node:child_process";
import { parentPort, workerData } from "node:worker_threads";
import type { WorkerContext } from "../../../src/workers/index.ts";
import type { TestEvent } from "./test-handler.ts";

export interface StuckTask {
  /** How it never ends, or for seconds: where, and what it does. */
  readonly stuck: "loop" | "promise" | "call" | "import" | "close" | "close-promise";
  /** The event at which it does so. */
  readonly at: number;
}

/** What a worker is started with, `data` of the user's among it. */
const { stuck } = (workerData as { readonly data: StuckTask }).data;
if (stuck === "import") loop();

// oxlint-disable-next-line import/no-default-export -- what a worker's module is
export default function handle(event: TestEvent, context: WorkerContext): void | Promise<void> {
  const { at } = context.data as StuckTask;
  const number = Number(event.number);
  context.send(number);
  if (number !== at) return;
  if (stuck === "loop") loop();
  if (stuck === "call") execFileSync("sleep", ["4"]);
  if (stuck === "promise") return new Promise(() => {});
}

export function close(): void | Promise<void> {
  if (stuck === "close") loop();
  if (stuck !== "close-promise") return;
  // Something that keeps the thread alive.
  parentPort!.on("message", () => {});
  return new Promise(() => {});
}

function loop(): never {
  for (;;);
}
