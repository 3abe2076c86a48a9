import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ebpf } from "./ebpf.ts";
import { kernelOrSkip } from "./requirements.ts";

const object = "packages/ebpf-ts/test/fixtures/iterators.bpf.o";
const own = ["--set", `only_tgid=${process.pid}`];

describe("ebpf run of an object that has iterators alone", { skip: kernelOrSkip(), timeout: 60_000 }, () => {
  it("prints what they print, and ends", async () => {
    const { code, stdout, stderr } = await ebpf(["run", object, ...own, "--only", "on_task"]);
    assert.deepEqual([code, stderr], [0, ""], stderr);
    assert.match(stdout, new RegExp(`^thread ${process.pid} of ${process.pid}$`, "m"));
  });

  it("as JSON, a line each", async () => {
    const { code, stdout, stderr } = await ebpf(["run", object, ...own, "--json"]);
    assert.equal(code, 0, stderr);
    const events = stdout.split("\n", 1).map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(Object.keys(events[0] as object), ["source", "event"]);
    const wanted = { source: "on_task", event: `thread ${process.pid} of ${process.pid}` };
    assert.ok(stdout.split("\n").includes(JSON.stringify(wanted)), stdout);
  });

  it("says of a program that never lets the walk go on that it does not", async () => {
    const { code, stderr } = await ebpf(["run", object, ...own, "--only", "on_nothing"]);
    assert.equal(code, 1);
    assert.match(stderr, /^ebpf: Cannot read what program on_nothing prints: it returns something else than 0/m);
  });

  it("prints it before the events of a command", async () => {
    const { code, stdout, stderr } = await ebpf(["run", object, ...own, "--", "echo", "done"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, new RegExp(`thread ${process.pid} of ${process.pid}`));
    assert.match(stdout, /^done$/m);
  });
});
