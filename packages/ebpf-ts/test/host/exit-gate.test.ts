import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";

const gate = JSON.stringify(new URL("../../src/host/exit-gate.js", import.meta.url).href);
const run = promisify(execFile);
/** A process that hangs is ended after so many milliseconds. */
const options = { timeout: 120_000, killSignal: "SIGKILL" } as const;

/** In every thread: the word of the main thread's gate, and what waits until that is shut. */
const tools = `
  import { writeSync } from "node:fs";
  import { getEnvironmentData, parentPort, Worker } from "node:worker_threads";
  import { guardExit, uninterrupted } from ${gate};
  const shut = 1 << 30;
  const word = () => new Int32Array(getEnvironmentData("ebpf-ts exit gates")[0]);
  const untilShut = () => { while ((Atomics.load(word(), 0) & shut) === 0); };
`;

/** How a thread is started with some code. */
const start = `
  guardExit();
  const start = (code) => new Worker(new URL("data:text/javascript," + encodeURIComponent(${JSON.stringify(tools)} + code)));
`;

/** Runs a process that starts a thread, and ends once that thread says so. Gives what they printed, and how the gate was left. */
async function endWith(thread: string): Promise<string> {
  const main = `${tools} ${start}
    start(${JSON.stringify(thread)}).on("message", () => process.exit(7));
    // Behind the gate's own listener. Somebody is counted still where it was not waited for.
    process.on("exit", () => writeSync(1, Atomics.load(word(), 0) === shut ? " empty" : " left"));
  `;
  const outcome = await run(process.execPath, ["--input-type=module", "-e", main], options).catch((error) => error);
  assert.equal(outcome.code, 7, outcome.stderr);
  return outcome.stdout;
}

describe("the end of the process", () => {
  it("waits for a thread that must not be interrupted", async () => {
    const stdout = await endWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        untilShut();
        writeSync(1, "finished");
      });`);
    assert.equal(stdout, "finished empty");
  });

  it("lets no thread begin then", async () => {
    const stdout = await endWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        untilShut();
      });
      for (;;) uninterrupted(() => writeSync(1, "begun"));`);
    assert.equal(stdout, " empty");
  });

  it("does not wait for other threads", async () => {
    const stdout = await endWith(`
      uninterrupted(() => {});
      parentPort.postMessage("end");
      for (;;);`);
    assert.equal(stdout, " empty");
  });
});

/** Runs a process that starts a thread, and terminates it once that says so. Gives what they printed. */
async function terminateWith(thread: string, then = ""): Promise<string> {
  const main = `${tools} ${start}
    const worker = start(${JSON.stringify(thread)});
    worker.on("message", async () => {
      await worker.terminate();
      writeSync(1, " ended");
      ${then}
    });
  `;
  return (await run(process.execPath, ["--input-type=module", "-e", main], options)).stdout;
}

describe("the termination of a thread that a user has started", () => {
  it("waits until that is out of what must not be interrupted, and lets it in no more", async () => {
    const stdout = await terminateWith(`
      uninterrupted(() => {
        parentPort.postMessage("end");
        untilShut();
        writeSync(1, "finished");
      });
      for (;;) uninterrupted(() => writeSync(1, " begun"));`);
    assert.equal(stdout, "finished ended");
  });

  it("lets other threads go on afterwards, and leaves nothing behind when it comes at the gate", async () => {
    const stdout = await terminateWith(
      `parentPort.postMessage("end");
      for (;;) uninterrupted(() => {});`,
      `let left = 0;
      for (let i = 0; i < 20; i += 1) {
        const other = start("parentPort.postMessage(1); for (;;) uninterrupted(() => {});");
        await new Promise((resolve) => other.on("message", resolve));
        await other.terminate();
        // Open again, and nobody is counted.
        left += Atomics.load(word(), 0);
      }
      writeSync(1, left === 0 ? " empty" : " left");
      start("uninterrupted(() => writeSync(1, ' at work'));");`,
    );
    assert.equal(stdout, " ended empty at work");
  });
});
