/** Many functions of a program of user space at once, by real calls. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { UprobeMultiTarget } from "../../src/attach/targets/uprobe-multi.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { load } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { readFileSync } from "node:fs";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { NativeFolder, nativeOrSkip, RunningProgram } from "../support/native.ts";
import { linuxOrSkip } from "../support/requirements.ts";

interface Hit {
  readonly cookie: bigint;
  readonly number: number;
}

const object = fixturePath("uprobe-multi.bpf.o");

async function hitsOf(bpf: Collection): Promise<[cookie: bigint, number: number][]> {
  const hits: [bigint, number][] = [];
  for await (const hit of bpf.ringBuf<Hit>("hits").events({ until: Promise.resolve() }))
    hits.push([hit.cookie, hit.number]);
  return hits;
}

describe("many uprobes at once", { skip: nativeOrSkip() || linuxOrSkip("6.6") }, () => {
  let folder: NativeFolder;
  let path: string;
  before(() => {
    folder = new NativeFolder();
    path = folder.compile("target.c", "target");
  });
  after(() => folder.remove());
  const at = (where: Omit<UprobeMultiTarget, "kind" | "path">): UprobeMultiTarget => ({
    kind: "uprobe_multi",
    path,
    ...where,
  });

  it("all functions that a pattern says, where they begin and where they return", async () => {
    await using bpf = await load(object, { engine: "kernel" });
    await using running = new RunningProgram(path);
    const link = await bpf.program("on_calls").attach(at({ pattern: "work_*" }));
    assert.equal(link.info.type, LinkType.UPROBE_MULTI);
    if (linuxOrSkip("6.8") === false) assert.deepEqual(link.info.details, { path, places: 2 });
    await running.ask(5);
    await link.detach();
    assert.deepEqual(await hitsOf(bpf), [
      [0n, 5],
      [0n, 5],
    ]);
    await bpf.program("on_returns").attach(at({ pattern: "w?rk_*", pid: running.pid }));
    await running.ask(5);
    assert.deepEqual((await hitsOf(bpf)).toSorted(), [
      [0n, 10],
      [0n, 6],
    ]);
  });

  it("by names or offsets, each with a cookie", async () => {
    await using bpf = await load(object, { engine: "kernel" });
    await using running = new RunningProgram(path);
    const symbols = ["work_double", "work_add"];
    const link = await bpf.program("on_calls").attach(at({ symbols, cookies: [7, 2n ** 64n - 1n] }));
    await running.ask(1);
    const seen = (await hitsOf(bpf)).map(([cookie]) => cookie);
    assert.deepEqual(seen, [2n ** 64n - 1n, 7n]);
    await link.detach();
    const one = await bpf.program("on_one").attach({ kind: "uprobe", path, symbol: "work_add" });
    const offset = Number(one.info.details["offset"]);
    await bpf.program("on_returns").attach(at({ offsets: [offset], cookies: [3] }));
    await running.ask(1);
    assert.deepEqual(await hitsOf(bpf), [[3n, 2]]);
  });

  it("by the section's name", async () => {
    const spec = parse(readFileSync(object));
    for (const program of spec.programs) if (program.name === "on_calls") program.attachTo = `${path}:work_d*`;
    await using bpf = await load(spec, { engine: "kernel" });
    await using running = new RunningProgram(path);
    const links = await bpf.attach();
    assert.deepEqual(
      links.map(({ target }) => target),
      [at({ pattern: "work_d*" })],
    );
    await running.ask(9);
    assert.deepEqual(await hitsOf(bpf), [[0n, 9]]);
  });

  it("a session sees both", { skip: linuxOrSkip("6.13") }, async () => {
    const spec = parse(readFileSync(object));
    for (const program of spec.programs) program.autoload = program.name === "on_session";
    await using bpf = await load(spec, { engine: "kernel" });
    await using running = new RunningProgram(path);
    const program = bpf.program("on_session");
    await assert.rejects(program.attach(at({ pattern: "work_add", returns: true })), { code: "NOT_SUPPORTED" });
    await program.attach(at({ symbols: ["work_add"], cookies: [4] }));
    await running.ask(20);
    const hits = await hitsOf(bpf);
    assert.deepEqual([hits.length, hits[1]], [2, [4n, 21]]);
  });

  it("what cannot be is refused", async () => {
    await using bpf = await load(object, { engine: "kernel" });
    const refused = (where: object, error: object): Promise<void> =>
      assert.rejects(bpf.program("on_calls").attach(at(where)), error);
    await refused(
      { pattern: "nothing_*" },
      { code: "NOT_FOUND", message: /no function that is called like nothing_\*/ },
    );
    await refused({ symbols: ["work_add", "work_sub"] }, { code: "NOT_FOUND", message: /work_sub/ });
    await refused({ offsets: [2 ** 40] }, { code: "NOT_FOUND", message: /beyond the end/ });
    await refused({ pattern: "work_*", pid: 2 ** 22 + 1 }, { message: /no process/ });
    await refused({}, TypeError);
    await refused({ symbols: [] }, TypeError);
    await refused({ pattern: "w*", offsets: [1] }, TypeError);
    await refused({ pattern: "w*", cookies: [1] }, RangeError);
    await refused({ symbols: ["work_add"], cookies: [1, 2] }, RangeError);
    await assert.rejects(bpf.program("on_one").attach(at({ pattern: "work_*" })), {
      message: /write SEC\("uprobe\.multi"\)/,
    });
  });
});
