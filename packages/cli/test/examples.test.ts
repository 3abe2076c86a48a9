import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { copyForNobody, nobody, runFile, runNode } from "./ebpf.ts";
import { rootOrSkip } from "./requirements.ts";
import { stackTrace } from "./support.ts";

const examples = ["bundle", "columns", "counters", "goroutine", "inject", "shared-ring", "user-ringbuf", "workers"];
const withEngine = ["bundle", "columns", "counters", "inject", "user-ringbuf", "workers"];
const sentence = /^[A-Z-].*\n$/;

function path(example: string): string {
  return `examples/${example}/build/main.js`;
}

describe("examples with wrong arguments: one sentence, which says what is right", { timeout: 120_000 }, () => {
  const cases = [
    ...examples.map((example) => ({ example, args: ["--fast"], says: /^Unknown option '--fast': .*--\w+/ })),
    ...examples
      .filter((example) => example !== "counters" && example !== "columns")
      .map((example) => ({ example, args: ["extra"], says: /^Unexpected argument 'extra': .*--\w+/ })),
    ...withEngine.map((example) => ({ example, args: ["--engine"], says: /argument missing: .*kernel or embedded/ })),
    ...withEngine.map((example) => ({
      example,
      args: ["--engine", "steam"],
      says: /"kernel", "embedded" .*not "steam"/,
    })),
    { example: "shared-ring", args: ["--send"], says: /^Cannot open shared ring 3: / },
  ];
  for (const { example, args, says } of cases) {
    it([example, ...args].join(" "), async () => {
      const { code, stdout, stderr } = await runNode([path(example), ...args]);
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.match(stderr, says);
      assert.doesNotMatch(stderr, stackTrace);
    });
  }
});

describe("examples whose reader or whose user leaves", { timeout: 120_000 }, () => {
  for (const example of examples.filter((name) => name !== "goroutine")) {
    it(`${example} | head -1`, async () => {
      const { code, stderr } = await runFile("sh", ["-c", `"$0" "$1" | head -1`, process.execPath, path(example)]);
      assert.equal(code, 0);
      assert.equal(stderr, "");
    });
  }

  it("shared-ring: the sender does not outlive a receiver that is killed", async () => {
    // Its output is this pipe, which ends when both are gone.
    const { signal } = await runNode([path("shared-ring")], {
      onOutput: (stdout, pid) => {
        if (stdout.includes("message 1")) process.kill(pid, "SIGKILL");
      },
    });
    assert.equal(signal, "SIGKILL");
  });
});

describe("examples without privileges", { skip: rootOrSkip("to become another user"), timeout: 120_000 }, () => {
  let copy: Awaited<ReturnType<typeof copyForNobody>>;
  before(async () => {
    copy = await copyForNobody();
  });
  after(() => copy.remove());

  for (const example of examples.filter((name) => name !== "goroutine")) {
    it(`${example} runs`, async () => {
      const { code, stderr } = await runNode([path(example)], { root: copy.root, uid: nobody });
      assert.equal(code, 0, stderr);
      assert.equal(stderr, "");
    });
  }

  for (const { example, args } of [
    ...withEngine.map((name) => ({ example: name, args: ["--engine", "kernel"] })),
    { example: "goroutine", args: [] },
  ]) {
    it(`${[example, ...args].join(" ")}: one sentence says what it needs`, async () => {
      const { code, stdout, stderr } = await runNode([path(example), ...args], { root: copy.root, uid: nobody });
      assert.equal(code, 1, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, sentence);
      assert.match(stderr, /root|CAP_BPF|bpf/);
    });
  }
});
