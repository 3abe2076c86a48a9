import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { fixturePath } from "../support/fixtures.ts";
import { chromiumOrSkip } from "../support/requirements.ts";
import { bundle } from "./bundle.ts";
import { openInChromium } from "./chromium.ts";
import type { CaseResult, PageReport } from "./report.ts";
import { type PageFiles, servePage } from "./serve-page.ts";

const exampleObject = new URL("../../../../../examples/user-ringbuf/user_ringbuf.bpf.o", import.meta.url);

async function pageFiles(): Promise<PageFiles> {
  return {
    "/page.js": await bundle("page.js"),
    "/worker.js": await bundle("worker.js"),
    "/objects/both.bpf.o": await readFile(fileURLToPath(exampleObject)),
    "/objects/memory.bpf.o": await readFile(fixturePath("memory.bpf.o")),
    "/objects/calls.bpf.o": await readFile(fixturePath("calls.bpf.o")),
  };
}

async function runPage(files: PageFiles, isolated: boolean): Promise<PageReport> {
  const server = await servePage(files, isolated);
  try {
    await using browser = await openInChromium(server.url);
    return await Promise.race([server.report, browser.ended, tooLate()]);
  } finally {
    server.close();
  }
}

/** Far more than it takes on a busy machine. */
const patienceMs = 120_000;

async function tooLate(): Promise<never> {
  await new Promise((resolve) => setTimeout(resolve, patienceMs).unref());
  throw new Error(`The page did not report within ${patienceMs / 1000} s`);
}

for (const isolated of [true, false]) {
  const title = isolated ? "with cross-origin isolation" : "without cross-origin isolation";
  describe(`a page in Chromium, ${title}`, { skip: chromiumOrSkip() }, () => {
    let report: PageReport = {};
    before(async () => {
      report = await runPage(await pageFiles(), isolated);
      if (report["page"] !== undefined) assert.fail(`The page failed: ${report["page"].error?.message}`);
    });
    const value = (name: string): unknown => {
      const { error, value: given } = report[name] ?? { error: { name: "Error", message: "it did not run" } };
      if (error !== undefined) assert.fail(`${name}: ${error.name}: ${error.message}`);
      return given;
    };
    const error = (name: string): NonNullable<CaseResult["error"]> => {
      const { error: thrown } = report[name] ?? {};
      assert.ok(thrown, `${name} threw nothing`);
      return thrown;
    };

    it("is the host that is meant", () => {
      const constructor = isolated ? "function" : "undefined";
      assert.deepEqual(value("host"), { crossOriginIsolated: isolated, constructor, node: "undefined" });
    });

    it("loads an object from its bytes", () => {
      const maps = ["user_ringbuf", "kernel_ringbuf", ".bss"];
      assert.deepEqual(value("load from bytes"), { engine: "embedded", maps, programs: ["drain_samples"] });
    });

    it("sends to a program, which drains it and answers: the loop over the ring wakes for each", () => {
      const answers = Array.from({ length: 3 }, () => ({ pid: 0, comm: "swapper/0" }));
      assert.deepEqual(value("send, drain, answer"), { answers, read: 3, left: 0 });
    });

    it("reads a flood in batches", () => {
      assert.deepEqual(value("a flood of events"), { returnValue: 0, read: 2000 });
    });

    it("wakes who waits for room in a user ring", () => {
      assert.deepEqual(value("wait for room"), { hadRoom: false, hasRoom: true });
    });

    it("counts with a program in a mapped array, live", () => {
      assert.deepEqual(value("mapped array"), { seen: 40, after: 42, total: 40 });
    });

    it("sees the calls of a function of the page", () => {
      const seen = [
        [0, 3, "page"],
        [1, 12, ""],
      ];
      assert.deepEqual(value("calls of a function"), { given: 12, seen });
    });

    if (isolated) {
      it("shares rings with a worker, which sends, and blocks for the answers", () => {
        assert.deepEqual(value("rings in a worker"), { sent: 3, received: 3 });
      });
    } else {
      it("says what it takes to share rings with a worker", () => {
        const { name, feature, message } = error("rings in a worker");
        assert.deepEqual([name, feature], ["NotSupportedError", "cross-origin isolation"]);
        assert.match(message, /^Cannot share ring kernel_ringbuf: .*Cross-Origin-Opener-Policy: same-origin/);
      });
    }

    it("says that its main thread must not block, and what to do instead", () => {
      const { name, code, feature, message } = error("block");
      assert.deepEqual([name, code, feature], ["NotSupportedError", "NOT_SUPPORTED", "blocking"]);
      assert.match(message, /loop over its events instead$/);
      assert.match(message, isolated ? /lets only worker threads block/ : /cross-origin isolation/);
    });

    it("has no events of a kernel, and no commands", () => {
      assert.match(error("attach to what there is not").message, /no sources of events/);
      assert.equal(error("start a command").feature, "spawn");
    });
  });
}
