import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { pendingEnds } from "../../src/host/at-exit.ts";
import { startThread, type Thread, type ThreadOptions } from "../../src/host/threads/threads.ts";

const script = new URL("./thread-worker.js", import.meta.url);
const run = promisify(execFile);

interface Outcome {
  readonly reports: unknown[];
  readonly cause: unknown;
  readonly exitCode: number;
}

/** Starts a thread, does something at each of its reports, and gives what came of it. */
function outcomeOf(
  options: Partial<ThreadOptions<unknown>>,
  onReport: (thread: Thread<string>, report: unknown) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const reports: unknown[] = [];
    let cause: unknown;
    const thread = startThread<unknown, string>({
      script,
      name: "test",
      work: "programs",
      data: { deed: "answer" },
      action: "test a thread",
      code: "COMMAND",
      onReport: (report) => {
        reports.push(report);
        onReport(thread, report);
      },
      onError: (error) => (cause = error),
      onEnd: (exitCode) => resolve({ reports, cause, exitCode }),
      ...options,
    });
  });
}

const endAtOnce = (thread: Thread<string>, report: unknown): void => {
  if (typeof report === "object") thread.tell("end");
};

describe("a thread", { timeout: 60_000 }, () => {
  it("tells and is told, and ends", async () => {
    const { reports, cause, exitCode } = await outcomeOf({}, (thread, report) => {
      if (typeof report === "object") thread.tell("first");
      if (report === "first") thread.tell("end");
    });
    assert.deepEqual(reports.slice(1), ["first", "end"]);
    assert.deepEqual([cause, exitCode], [undefined, 0]);
  });

  it("has an empty environment and none of Node's options, unless it runs modules of the user's", async () => {
    for (const work of ["sleep", "programs"] as const) {
      const { reports } = await outcomeOf({ work }, endAtOnce);
      assert.deepEqual(reports[0], { env: 0, execArgv: [] });
    }
    const { reports } = await outcomeOf({ work: "modules" }, endAtOnce);
    assert.deepEqual(reports[0], { env: Object.keys(process.env).length, execArgv: process.execArgv });
  });

  it("says what it threw", async () => {
    const { cause, exitCode } = await outcomeOf({ data: { deed: "throw" } });
    assert.equal((cause as Error).message, "as told");
    assert.equal(exitCode, 1);
  });

  it("can be terminated, wherever it is", async () => {
    const { reports } = await outcomeOf({ data: { deed: "spin" } }, (thread) => thread.terminate());
    assert.deepEqual(reports, ["spins"]);
  });

  it("is woken at the end of the process, as long as it lives", async () => {
    const before = pendingEnds();
    await outcomeOf({ wake: () => {} }, (thread, report) => {
      assert.equal(pendingEnds(), before + 1);
      endAtOnce(thread, report);
    });
    assert.equal(pendingEnds(), before);
  });

  it("does not keep the process running when it is not held", async () => {
    const module = JSON.stringify(new URL("../../src/host/threads/threads.js", import.meta.url).href);
    const main = `
      import { startThread } from ${module};
      const thread = startThread({
        script: new URL(${JSON.stringify(script.href)}), name: "test", work: "sleep", data: { deed: "answer" }, action: "test", code: "WORKER",
        wake: () => console.log("woken"), onReport: () => thread.hold(false), onEnd: () => console.log("ended"),
      });`;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", main], { timeout: 20_000 });
    assert.equal(stdout, "woken\n");
  });

  it("that cannot be started is an error of one sentence, at once", () => {
    const nowhere = new URL("./ebpf-nobody-worker.js", script);
    assert.throws(() => void attempt({ script: nowhere }), {
      code: "NOT_FOUND",
      message: `Cannot test a thread: there is no ${nowhere.pathname}, which a bundle must have beside it`,
    });
    assert.throws(() => void attempt({ script: new URL("http://127.0.0.1/worker.js") }), {
      code: "COMMAND",
      message: /^Cannot test a thread: a thread for it cannot be started \(/,
    });
    assert.throws(() => void attempt({ data: () => {} }), { name: "DataCloneError" });
  });
});

function attempt(options: Partial<ThreadOptions<unknown>>): Thread<string> {
  const nothing = (): void => {};
  const needed = { script, name: "test", work: "sleep", data: {}, action: "test a thread", code: "COMMAND" } as const;
  return startThread({ ...needed, onReport: nothing, onEnd: nothing, ...options });
}
