/** A thread of threads.test.ts: it answers orders until it is told to end, or does at once what it was started with. */
import { endWithin, onOrder, report, threadData } from "../../src/host/threads/this-thread.ts";

const data = threadData<{ readonly deed: "answer" | "throw" | "spin" }>();

switch (data.deed) {
  case "throw":
    throw new RangeError("as told");
  case "spin":
    report("spins");
    for (;;);
  default:
    report({ env: Object.keys(process.env).length, execArgv: process.execArgv });
    onOrder((order: string) => {
      report(order);
      if (order === "end") endWithin(1000);
    });
}
