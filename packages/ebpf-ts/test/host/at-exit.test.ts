import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { atExit, pendingEnds } from "../../src/host/at-exit.ts";

const module = JSON.stringify(new URL("../../src/host/at-exit.js", import.meta.url).href);
const run = promisify(execFile);

/** What a process says that does this before it ends. */
async function outcomeOf(
  code: string,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly code?: number }> {
  const script = `
    import { writeSync } from "node:fs";
    import { Worker } from "node:worker_threads";
    import { atExit } from ${module};
    const say = (text) => () => writeSync(1, text + " ");
    ${code}`;
  return run(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 }).catch((error) => error);
}

describe("what is to be done at the end of a thread", () => {
  it("is done once, what came last first", async () => {
    const { stdout } = await outcomeOf(`for (const name of ["a", "b", "c"]) atExit(say(name)); process.exit();`);
    assert.equal(stdout, "c b a ");
  });

  it("is done when the process ends by itself, or by an error that nobody caught", async () => {
    assert.equal((await outcomeOf(`atExit(say("a"));`)).stdout, "a ");
    assert.equal((await outcomeOf(`atExit(say("a")); throw new Error("lost");`)).stdout, "a ");
  });

  it("is not done when it was taken back, also by another that is done before", async () => {
    const { stdout } = await outcomeOf(`
      const take = atExit(say("a"));
      atExit(() => take());
      const other = atExit(say("b"));
      other();
      atExit(say("c"));`);
    assert.equal(stdout, "c ");
  });

  it("is done whatever the others throw, which is an error of the process all the same", async () => {
    const { stdout, stderr, code } = await outcomeOf(`
      atExit(say("a"));
      atExit(() => { throw new Error("first"); });
      atExit(say("c"));`);
    assert.equal(stdout, "c a ");
    assert.match(stderr, /first/);
    assert.notEqual(code, 0);
  });

  it("is done at the end of a worker, by the worker", async () => {
    const thread = JSON.stringify(`
      import { writeSync } from "node:fs";
      import { atExit } from ${module};
      atExit(() => writeSync(1, "worker "));`);
    const { stdout } = await outcomeOf(`
      atExit(say("main"));
      new Worker(new URL("data:text/javascript," + encodeURIComponent(${thread})));`);
    assert.equal(stdout, "worker main ");
  });

  it("takes one listener of the process, and none when there is nothing; the same may be named twice", () => {
    const listeners = process.listenerCount("exit");
    const before = pendingEnds();
    const end = (): void => {};
    const first = atExit(end);
    const second = atExit(end);
    assert.equal(pendingEnds(), before + 2);
    assert.equal(process.listenerCount("exit"), listeners + (before === 0 ? 1 : 0));
    first();
    first();
    assert.equal(pendingEnds(), before + 1);
    second();
    assert.equal(process.listenerCount("exit"), listeners);
  });
});
