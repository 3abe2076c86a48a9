import { startThread, type Thread } from "../../../host/threads/threads.ts";
import type { PollerThreadData } from "./ebpf-poller-worker.ts";

export interface PollerThreadOptions {
  readonly data: PollerThreadData;
  /** Makes the thread return from its wait, and end. */
  readonly wake: () => void;
  readonly onToken: (token: number) => void;
  /** It has ended, or was never started: the poller does without it then. */
  readonly onEnd: () => void;
}

/** Starts the thread that sleeps for a poller. It does not keep the process running. */
export function startPollerThread({ data, wake, onToken, onEnd }: PollerThreadOptions): Thread<never> {
  const thread = startThread({
    script: new URL("./ebpf-poller-worker.js", import.meta.url),
    name: "ebpf-ts poller",
    work: "sleep",
    data,
    action: "wait for a ring",
    code: "WORKER",
    wake,
    onReport: onToken,
    onEnd,
  });
  thread.hold(false);
  return thread;
}
