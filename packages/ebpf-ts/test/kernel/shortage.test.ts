import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runLimited } from "../support/descriptor-shortage.ts";
import { kernelOrSkip } from "../support/requirements.ts";

const child = new URL("./shortage-child.js", import.meta.url);
const names = [
  "load",
  "load a file with any engine",
  "load many",
  "load with the kernel's types",
  "bell",
  "perf rings",
  "perf bell",
  "injector",
  "open by id",
  "open shared",
  "workers",
  "attach",
  "spawn",
];

describe("a process without descriptors", { skip: kernelOrSkip(), timeout: 1_200_000 }, () => {
  for (const name of names) {
    it(`${name}: fails with TOO_MANY_FILES, leaves nothing open, and goes well once there are enough`, async () => {
      const { code, output } = await runLimited(child, name);
      assert.equal(code, 0, output);
      assert.match(output, /takes \d+/);
    });
  }

  it("reads rings without the thread that sleeps for them, until it can be started", async () => {
    const { code, output } = await runLimited(child, "read without a thread");
    assert.equal(code, 0, output);
  });
});
