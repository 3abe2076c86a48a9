import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { isRoot } from "../../src/host/this-process.ts";
import { kernelOrSkip, orFail } from "../support/requirements.ts";

const run = promisify(execFile);

/** What the process said of each thing that it tried. */
async function outcomes(child: string, ...args: readonly string[]): Promise<Map<string, string>> {
  const script = fileURLToPath(new URL(`./${child}.js`, import.meta.url));
  const { stdout } = await run(process.execPath, [script, ...args], { timeout: 60_000 });
  const lines = stdout.trimEnd().split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}

const kernelAndRoot = kernelOrSkip() || orFail(isRoot() ? false : "only root becomes another user");

describe("lockDown, on the kernel", { skip: kernelAndRoot, timeout: 120_000 }, () => {
  it("leaves an ordinary user the whole data plane of what root loaded", async () => {
    const found = await outcomes("plane-child");
    const ended = found.get("ended")!;
    assert.match(ended, /Perf event array|Objects cannot be loaded/);
    found.delete("ended");
    assert.deepEqual(Object.fromEntries(found), {
      user: "ok 65534",
      ring: "ok 7",
      inject: "ok 9",
      dispatch: "ok 5",
      workers: "ok 2",
      "user ring": "ok 41",
      perf: "ok 3",
      array: "ok 4",
      "mapped array": "ok 7",
      variable: "ok 77",
      hash: "ok 1",
      detach: "ok",
      close: "ok",
    });
  });
});
