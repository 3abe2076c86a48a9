/** Iterators: programs that walk what the kernel has, and print what they see, for who reads it. */
import assert from "node:assert/strict";
import { mkdirSync, rmdirSync, readdirSync, statSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { join } from "node:path";
import type { Collection } from "../../src/collection/collection.ts";
import { cgroupPath } from "../../src/host/cgroup/cgroup-mounts.ts";
import { makeGroup, removeGroup } from "../../src/engine/kernel/scope/own-cgroup.ts";
import { load } from "../../src/load.ts";
import { openPinnedLink } from "../../src/open-pins.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { cgroupsOrSkip, kernelOrSkip, linuxOrSkip } from "../support/requirements.ts";

const skip = kernelOrSkip();

const open = (): Promise<Collection> =>
  load(fixturePath("iterators.bpf.o"), { engine: "kernel", variables: { only_tgid: process.pid } });

const ownThreads = (): string[] => readdirSync("/proc/self/task").map((tid) => `thread ${tid} of ${process.pid}`);

async function linesOf(lines: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

describe("iterators", { skip }, () => {
  it("a link is read line by line, and runs the program each time", async () => {
    await using bpf = await open();
    const link = await bpf.program("on_task").attach();
    assert.deepEqual(link.target, { kind: "iter", name: "task" });
    assert.equal(link.info.type, LinkType.ITER);
    assert.deepEqual(link.info.details, { target: "task" });
    assert.equal(bpf.variable("ends").get(), 0);
    for (const runs of [1, 2]) {
      const lines = await linesOf(link.read());
      for (const thread of ownThreads()) assert.ok(lines.includes(thread), thread);
      assert.equal(bpf.variable("ends").get(), runs);
    }
    await link.detach();
    assert.throws(() => link.read(), { code: "CLOSED" });
  });

  it("a program is iterated by itself, and leaves nothing behind, also where the loop is left", async () => {
    await using bpf = await open();
    const before = openDescriptors().length;
    for await (const line of bpf.program("on_task").iterate()) {
      assert.match(line, /^thread \d+ of \d+$/);
      break;
    }
    await assert.rejects(async () => {
      for await (const _ of bpf.program("on_task").iterate()) throw new Error("of the loop");
    }, /of the loop/);
    assert.deepEqual([openDescriptors().length, bpf.links.length], [before, 0]);
  });

  it("bytes, and a text without an end of a line", async () => {
    await using bpf = await open();
    const program = bpf.program("on_task_bytes");
    const chunks: Uint8Array[] = [];
    for await (const chunk of program.iterate().bytes()) chunks.push(chunk);
    const bytes = Buffer.concat(chunks);
    const threads = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readInt32LE(4 * index));
    assert.ok(threads.includes(process.pid));
    assert.equal((await linesOf(program.iterate())).join("\n"), await program.iterate().text());
  });

  it("bpf.attach() leaves those alone that need to be told what to walk", async () => {
    await using bpf = await open();
    const links = await bpf.attach();
    assert.deepEqual(
      links.map(({ program }) => program),
      ["on_task", "on_task_bytes"],
    );
    const message = /cgroup takes more than a section can name, .*attach\(\{ kind: "iter", cgroup \}\)/;
    await assert.rejects(bpf.program("on_group").attach(), { code: "NOT_FOUND", message });
  });

  it("what makes no sense is refused", async () => {
    await using bpf = await open();
    const task = bpf.program("on_task");
    const refused = (where: Parameters<typeof task.iterate>[0], error: object): Promise<void> =>
      assert.rejects(task.iterate(where).text(), error);
    await refused({ pid: 1, tid: 1 }, { name: "TypeError", message: /tid and pid, not both/ });
    await refused({ order: "self" }, { name: "TypeError", message: /goes with the option cgroup/ });
    await refused({ name: "tcp" }, { name: "TypeError", message: /it was loaded for task/ });
    await refused({ tid: 0 }, RangeError);
    await refused({ map: "entries" }, { name: "TypeError", message: /does not go with iterator task/ });
    await assert.rejects(bpf.program("on_group").iterate({ pid: 1 }).text(), TypeError);
    await refused({ taks: 1 } as object, TypeError);
    await assert.rejects(bpf.program("on_group").attach({ kind: "iter" }), {
      name: "TypeError",
      message: /needs the option cgroup/,
    });
    await assert.rejects(bpf.program("other").attach({ kind: "iter" }), {
      name: "TypeError",
      message: /write SEC\("iter"\)/,
    });
    await assert.rejects(bpf.program("other").iterate().text(), TypeError);
  });

  it("the threads of one process, or one of them", { skip: linuxOrSkip("6.1") }, async () => {
    await using bpf = await open();
    const program = bpf.program("on_task");
    const own = await linesOf(program.iterate({ pid: process.pid }));
    assert.deepEqual(own.toSorted(), ownThreads().toSorted());
    assert.equal(await program.iterate({ tid: process.pid }).text(), `thread ${process.pid} of ${process.pid}\n`);
    for (const [where, message] of [
      [{ tid: 2 ** 22 + 1 }, /there is no thread 4194305$/],
      [{ pid: 2 ** 22 + 1 }, /there is no process 4194305$/],
    ] as const)
      await assert.rejects(program.iterate(where).text(), { code: "NOT_FOUND", message });
  });

  it("closing the collection ends a loop that reads", async () => {
    const bpf = await open();
    const link = await bpf.program("on_task").attach();
    const lines = link.read()[Symbol.asyncIterator]();
    await lines.next();
    await bpf.close();
    while ((await lines.next()).done !== true);
  });

  it("a pinned link is read by whoever opens it", async () => {
    const { path: folder, unmount } = mountBpffs();
    try {
      await using bpf = await open();
      const link = await bpf.program("on_task").attach();
      link.pin(join(folder, "tasks"));
      using pinned = await openPinnedLink(join(folder, "tasks"));
      assert.deepEqual(pinned.target, { kind: "iter", name: "task" });
      assert.throws(() => bpf.program("on_task").pin(join(folder, "tasks")), {
        code: "BUSY",
        message: /there is something of that name: remove it, which lets go of it, or take another$/,
      });
      assert.match(await pinned.read().text(), new RegExp(`^thread ${process.pid} of ${process.pid}$`, "m"));
      await link.detach();
      const probe = await bpf
        .program("probe")
        .attach({ kind: "uprobe", path: "libc.so.6", symbol: "a64l", pid: process.pid });
      await assert.rejects(probe.read().text(), { code: "NOT_SUPPORTED", message: /none of an iterator/ });
      probe.pin(join(folder, "probe"));
      using other = await openPinnedLink(join(folder, "probe"));
      await assert.rejects(other.read().text(), { code: "NOT_SUPPORTED", message: /none of an iterator/ });
      await probe.detach();
    } finally {
      unmount();
    }
  });
});

describe("iterators over cgroups", { skip: cgroupsOrSkip() || linuxOrSkip("6.1") }, () => {
  let group: string;
  let below: string;
  before(() => {
    group = makeGroup();
    below = join(group, "below");
    mkdirSync(below);
  });
  after(() => {
    rmdirSync(below);
    assert.equal(removeGroup(group), undefined);
  });
  const idOf = (path: string): string => String(statSync(path, { bigint: true }).ino);

  it("one, those below it, and those above", async () => {
    await using bpf = await open();
    const walked = (order?: "self" | "descendants" | "descendants-last" | "ancestors"): Promise<string[]> =>
      linesOf(bpf.program("on_group").iterate({ cgroup: group, order }));
    const [own, inner] = [idOf(group), idOf(below)];
    assert.deepEqual(await walked("self"), [own]);
    assert.deepEqual(await walked(), [own, inner]);
    assert.deepEqual(await walked("descendants-last"), [inner, own]);
    assert.equal((await walked("ancestors"))[0], own);
    const inHierarchy = cgroupPath(group, "test");
    const program = bpf.program("on_group");
    assert.deepEqual(await linesOf(program.iterate({ cgroup: inHierarchy, order: "self" })), [own]);
    const link = await program.attach({ kind: "iter", cgroup: group, order: "ancestors" });
    assert.deepEqual(link.info.details, { target: "cgroup", cgroup: group, order: "ancestors" });
    for (const cgroup of ["/nowhere/at/all", "/dev/null", "/tmp"])
      await assert.rejects(bpf.program("on_group").iterate({ cgroup }).text(), { code: "NOT_FOUND" });
  });
});
