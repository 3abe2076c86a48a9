/** Child processes that wait. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Child, startChild } from "../../src/host/child.ts";

function startWaiting(script: string): Promise<Child> {
  return startChild("/bin/sh", ["-c", script], { input: "pipe", output: "ignore", waits: true });
}

describe("a child that waits", { timeout: 60_000 }, () => {
  it("says itself that it does: that it was started tells nothing", async () => {
    const child = await startWaiting("read line; echo >&3; read line <&3; exit 5");
    let waits = false;
    void child.waiting.then(() => (waits = true));
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    assert.equal(waits, false);
    child.input!.write("say so\n");
    assert.equal(await child.waiting, true);
    assert.equal(child.isRunning, true);
    child.go();
    assert.deepEqual(await child.ended, { code: 5, signal: undefined });
  });

  it("does not, where it has ended, or closed the descriptor", async () => {
    assert.equal(await (await startWaiting("exit 0")).waiting, false);
    const other = await startWaiting("exec 3<&-; read line");
    assert.equal(await other.waiting, false);
    other.input!.end();
    await other.ended;
  });
});
