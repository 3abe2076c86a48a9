import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runLimited } from "../support/descriptor-shortage.ts";
import { ptraceOrSkip } from "./machine.ts";

describe("a traced command in a process without descriptors", { skip: ptraceOrSkip(), timeout: 60_000 }, () => {
  it("fails with TOO_MANY_FILES, leaves nothing open, and goes well once there are enough", async () => {
    const { code, output } = await runLimited(new URL("./shortage-child.js", import.meta.url));
    assert.equal(code, 0, output);
    assert.match(output, /takes \d+/);
  });
});
