/** The thread that sleeps on futexes for the event loop of another one (futex-thread.ts). */
import { nextOrder, report, threadData } from "../host/threads/this-thread.ts";
import { FutexVector } from "../sys/futex/futex-vector.ts";
import { Futex } from "../sys/futex/futex.ts";
import type { FutexThreadData, FutexThreadMessage, FutexThreadReport } from "./futex-thread-messages.ts";

/** Bounds how long a thread that is terminated from outside, which a blocking call cannot notice, may live on. */
const longestWait = 1000;

function run({ control }: FutexThreadData): void {
  const told = new Futex(control, 0);
  const vector = new FutexVector(told);
  for (;;) {
    // In this order: a message that comes after the look at the control word changes that word again.
    const { value } = told;
    for (let message = next(); message !== undefined; message = next()) {
      if (message.kind === "stop") return;
      if (message.kind === "watch") vector.add(message.token, message.address, message.last);
      else vector.remove(message.token);
    }
    for (const token of vector.wait(value, longestWait)) report({ token } satisfies FutexThreadReport);
  }
}

const next = nextOrder<FutexThreadMessage>;

run(threadData());
