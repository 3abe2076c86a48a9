import type { Runtime } from "../runtimes/runtimes.ts";

/** In one process, where runners have two: the start of one takes seconds on an emulated processor. */
export const onThisNode: Runtime = {
  name: "Node",
  binary: process.execPath,
  test: (file, report) => ["--test-reporter=junit", `--test-reporter-destination=${report}`, file],
};
