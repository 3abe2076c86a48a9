import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { it } from "node:test";
import { promisify } from "node:util";
import { onEachEngine } from "../suite/fixture.ts";

const run = promisify(execFile);
const main = new URL("./thread-ends-main.js", import.meta.url).pathname;

/** What a process says that starts threads and ends them; a crash of it is an error. */
async function outcome(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [main, ...args], { timeout: 60_000 });
  return stdout.trim();
}

onEachEngine("the end of a thread that has a ring", (engine) => {
  it("leaves views where they are: a listener of its exit may still touch them", async () => {
    assert.equal(await outcome(engine, "exit-in-drain"), "0");
    assert.equal(await outcome(engine, "exit-with-sample"), "7");
  });

  it("may come at any moment from outside, and leaves process and ring sound", async () => {
    assert.equal(await outcome(engine, "terminate", "open", "20"), "sound");
    assert.equal(await outcome(engine, "terminate", "block", "10"), "sound");
    assert.equal(await outcome(engine, "terminate", "loop", "10"), "sound");
    assert.equal(await outcome(engine, "terminate", "write", "10"), "sound");
  });
});
