/** The thread that sleeps on futexes for the event loop of another one (futex-thread.ts). */
import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { FutexVector } from "../sys/futex/futex-vector.ts";
import type { FutexThreadData, FutexThreadMessage, FutexThreadReport } from "./futex-thread-messages.ts";

/** Bounds how long a thread that is terminated from outside, which a blocking call cannot notice, may live on. */
const longestWait = 1000;
const control = 0;

function run({ control: address, value }: FutexThreadData): void {
  const vector = new FutexVector();
  const report = (kind: FutexThreadReport["kind"], token: number): void => parentPort?.postMessage({ kind, token });
  vector.add(control, address, value);
  for (;;) {
    // In this order: a message that comes after the look at the control word changes that word again.
    vector.changes((token) => {
      if (token !== control) report("changed", token);
    });
    for (let message = nextMessage(); message !== undefined; message = nextMessage()) {
      if (message.kind === "stop") return;
      if (message.kind === "watch") {
        vector.add(message.token, message.address, message.last);
      } else {
        vector.remove(message.token);
        report("left", message.token);
      }
    }
    vector.wait(longestWait);
  }
}

function nextMessage(): FutexThreadMessage | undefined {
  return (receiveMessageOnPort(parentPort!) as { readonly message: FutexThreadMessage } | undefined)?.message;
}

run(workerData as FutexThreadData);
