import { constants } from "node:os";

export type EndingSignal = (typeof signals)[number];
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** As shells have it, of what a signal ended. */
export function exitCodeOf(signal: EndingSignal): number {
  return 128 + constants.signals[signal];
}

/** Takes the place of what these signals do by themselves; gives the function that ends that. */
export function onEndingSignal(handler: (signal: EndingSignal) => void): () => void {
  for (const signal of signals) process.on(signal, handler);
  return () => {
    for (const signal of signals) process.off(signal, handler);
  };
}
