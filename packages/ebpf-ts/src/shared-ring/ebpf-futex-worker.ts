/** The thread that sleeps on futexes for the event loop of another one (futex-thread.ts). */
import { nextOrder, report, threadData } from "../host/threads/this-thread.ts";
import { FutexVector } from "../sys/futex/futex-vector.ts";
import type { FutexThreadData, FutexThreadMessage, FutexThreadReport } from "./futex-thread-messages.ts";

/** Bounds how long a thread that is terminated from outside, which a blocking call cannot notice, may live on. */
const longestWait = 1000;
const control = 0;

function run({ control: address, value }: FutexThreadData): void {
  const vector = new FutexVector();
  vector.add(control, address, value);
  for (;;) {
    // In this order: a message that comes after the look at the control word changes that word again.
    vector.changes((token) => {
      if (token !== control) report({ kind: "changed", token } satisfies FutexThreadReport);
    });
    for (let message = next(); message !== undefined; message = next()) {
      if (message.kind === "stop") return;
      if (message.kind === "watch") {
        vector.add(message.token, message.address, message.last);
      } else {
        vector.remove(message.token);
        report({ kind: "left", token: message.token } satisfies FutexThreadReport);
      }
    }
    vector.wait(longestWait);
  }
}

const next = nextOrder<FutexThreadMessage>;

run(threadData());
