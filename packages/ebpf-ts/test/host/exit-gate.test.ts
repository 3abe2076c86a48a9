import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const gate = JSON.stringify(new URL("../../src/host/exit-gate.js", import.meta.url).href);
const run = promisify(execFile);

/** Runs a process that starts a thread, and ends once that thread says so. Gives what they printed. */
async function endWith(thread: string): Promise<{ stdout: string; ms: number }> {
  const main = `
    import { Worker } from "node:worker_threads";
    import { guardExit } from ${gate};
    guardExit();
    const worker = new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(`
      import { writeSync } from "node:fs";
      import { parentPort } from "node:worker_threads";
      import { uninterrupted } from ${gate};
      const sleep = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
      ${thread}
    `)})));
    worker.on("message", () => process.exit(7));
  `;
  const begin = Date.now();
  const outcome = await run(process.execPath, ["--input-type=module", "-e", main]).catch((error) => error);
  assert.equal(outcome.code, 7, outcome.stderr);
  return { stdout: outcome.stdout, ms: Date.now() - begin };
}

describe("the end of the process", () => {
  it("waits for a thread that must not be interrupted", async () => {
    const { stdout } = await endWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        sleep(500);
        writeSync(1, "finished");
      });`);
    assert.equal(stdout, "finished");
  });

  it("lets no thread begin then", async () => {
    const { stdout, ms } = await endWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        sleep(500);
      });
      sleep(1);
      for (;;) uninterrupted(() => { writeSync(1, "begun"); sleep(100); });`);
    assert.equal(stdout, "");
    assert.ok(ms < 2000, `${ms} ms`);
  });

  it("does not wait for other threads", async () => {
    const { stdout } = await endWith(`
      uninterrupted(() => {});
      parentPort.postMessage("end");
      sleep(5000);
      writeSync(1, "finished");`);
    assert.equal(stdout, "");
  });
});

/** Runs a process that starts a thread, and terminates it once that says so. Gives what they printed. */
async function terminateWith(thread: string, then = ""): Promise<string> {
  const main = `
    import { writeSync } from "node:fs";
    import { Worker } from "node:worker_threads";
    import { guardExit } from ${gate};
    guardExit();
    const start = (code) => new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(`
      import { writeSync } from "node:fs";
      import { parentPort } from "node:worker_threads";
      import { uninterrupted } from ${gate};
      const sleep = (ms) => { const end = Date.now() + ms; while (Date.now() < end); };
    `)} + code)));
    const worker = start(${JSON.stringify(thread)});
    worker.on("message", async () => {
      await worker.terminate();
      writeSync(1, " ended");
      ${then}
    });
  `;
  return (await run(process.execPath, ["--input-type=module", "-e", main], { timeout: 90_000 })).stdout;
}

describe("the termination of a thread that a user has started", () => {
  it("waits until that is out of what must not be interrupted, and lets it in no more", async () => {
    const stdout = await terminateWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        sleep(300);
        writeSync(1, "finished");
      });
      for (;;) uninterrupted(() => writeSync(1, " begun"));`);
    assert.equal(stdout, "finished ended");
  });

  it("lets other threads go on afterwards, and leaves nothing behind when it comes at the gate", async () => {
    const stdout = await terminateWith(
      `parentPort.postMessage("end");
      for (;;) uninterrupted(() => {});`,
      `const begin = Date.now();
      for (let i = 0; i < 20; i += 1) {
        const other = start("parentPort.postMessage(1); for (;;) uninterrupted(() => {});");
        await new Promise((resolve) => other.on("message", resolve));
        await other.terminate();
      }
      // A count that is left behind costs 2 s each time.
      writeSync(1, Date.now() - begin < 35_000 ? " soon" : " late");
      const last = start("uninterrupted(() => writeSync(1, ' at work'));");`,
    );
    assert.equal(stdout, " ended soon at work");
  });
});
