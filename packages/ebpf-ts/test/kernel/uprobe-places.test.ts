/** Where probes of user space may be put: by what people call libraries and functions, in programs of several languages. */
import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { UprobeTarget } from "../../src/attach/targets/uprobe.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { load } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { fixturePath } from "../support/fixtures.ts";
import { goOrSkip, NativeFolder, nativeOrSkip, RunningProgram } from "../support/native.ts";

interface Hit {
  readonly cookie: bigint;
  readonly tgid: number;
  readonly number: number;
}

const skip = nativeOrSkip();

function open(): Promise<Collection> {
  return load(fixturePath("user-probes.bpf.o"), { engine: "kernel" });
}

async function hitsOf(bpf: Collection): Promise<Hit[]> {
  const hits: Hit[] = [];
  for await (const hit of bpf.ringBuf<Hit>("hits").events({ until: Promise.resolve() })) hits.push(hit);
  return hits;
}

describe("places of uprobes", { skip }, () => {
  let folder: NativeFolder;
  let program: string;
  before(() => {
    folder = new NativeFolder();
    program = folder.compile("target.c", "target");
  });
  after(() => folder.remove());

  const pid = process.pid;
  const libcPlaces: [title: string, target: Omit<UprobeTarget, "kind">][] = [
    ["a library by its name", { path: "libc.so.6", symbol: "abs", pid }],
    ["a function of a version", { path: "libc.so.6", symbol: "abs@GLIBC_2.2.5", pid }],
    ["a function of the default version", { path: "libc.so.6", symbol: "abs@@GLIBC_2.2.5", pid }],
  ];
  for (const [title, target] of libcPlaces) {
    it(title, async () => {
      await using bpf = await open();
      await bpf.program("on_call").attach({ kind: "uprobe", ...target });
      func("int abs(int n)")(-77);
      assert.deepEqual(await hitsOf(bpf), [{ cookie: 0n, tgid: pid, number: -77 }]);
    });
  }

  it("the same for every process, by the section's name", async () => {
    const spec = parse(readFileSync(fixturePath("user-probes.bpf.o")));
    for (const each of spec.programs)
      Object.assign(each, { attachTo: each.name === "on_call" ? "libc.so.6:a64l" : "" });
    await using bpf = await load(spec, { engine: "kernel" });
    const [link, ...others] = await bpf.attach();
    assert.deepEqual([link?.target, others], [{ kind: "uprobe", path: "libc.so.6", symbol: "a64l" }, []]);
    assert.match(String(link?.info.details["path"] ?? "/libc.so.6"), /^\/.*\/libc\.so\.6$/);
  });

  it("a library that only a folder of LD_LIBRARY_PATH has, and a program of PATH", async () => {
    copyFileSync(program, folder.file("libof-the-test.so.1"));
    const { LD_LIBRARY_PATH, PATH } = process.env;
    await using bpf = await open();
    const attach = (path: string) => bpf.program("on_call").attach({ kind: "uprobe", path, symbol: "work_add" });
    await assert.rejects(attach("libof-the-test.so.1"), { code: "NOT_FOUND", message: /of the loader, give its path/ });
    await assert.rejects(attach("target"), { code: "NOT_FOUND", message: /folders of PATH/ });
    try {
      Object.assign(process.env, { LD_LIBRARY_PATH: `.:${folder.path}`, PATH: `${PATH}:${folder.path}` });
      await attach("libof-the-test.so.1");
      await attach("target");
    } finally {
      process.env["PATH"] = PATH;
      if (LD_LIBRARY_PATH === undefined) delete process.env["LD_LIBRARY_PATH"];
      else process.env["LD_LIBRARY_PATH"] = LD_LIBRARY_PATH;
    }
    await using running = new RunningProgram(program);
    await running.ask(5);
    assert.deepEqual(await hitsOf(bpf), [{ cookie: 0n, tgid: running.pid, number: 5 }]);
  });

  it("each link has its cookie", async () => {
    await using bpf = await open();
    await using running = new RunningProgram(program);
    const at = { kind: "uprobe", path: program } as const;
    const cookie = 0xffff_ffff_ffff_fff0n;
    await bpf.program("on_call").attach({ ...at, symbol: "work_add", cookie });
    await bpf.program("on_return").attach({ ...at, symbol: "work_double", cookie: 7, pid: running.pid });
    await running.ask(5);
    assert.deepEqual(
      (await hitsOf(bpf)).map((hit) => [hit.cookie, hit.number]),
      [
        [cookie, 5],
        [7n, 10],
      ],
    );
  });

  it("the counter of a semaphore is kept above 0, as long as the probe is there", async () => {
    const { offset, size } = sectionOf(program, ".probes");
    assert.equal(size, 2);
    await using bpf = await open();
    await using running = new RunningProgram(program);
    assert.equal(await running.ask(1), "5 0");
    const target = { kind: "uprobe", path: program, symbol: "work_add", refCtrOffset: offset } as const;
    const link = await bpf.program("on_call").attach(target);
    assert.equal(await running.ask(1), "5 1");
    await link.detach();
    assert.equal(await running.ask(1), "5 0");
    await assert.rejects(bpf.program("on_call").attach({ ...target, cookie: -1 }), RangeError);
  });

  it("a stripped program, and names of C++: what there is instead", async () => {
    const stripped = folder.compile("target.c", "stripped", "-s");
    const cpp = folder.compile("target.cpp", "cpp");
    await using bpf = await open();
    const refused = (path: string, symbol: string, message: RegExp) =>
      assert.rejects(bpf.program("on_call").attach({ kind: "uprobe", path, symbol }), { code: "NOT_FOUND", message });
    await refused(stripped, "work_add", /it was stripped, all but the functions that it exports, give the offset/);
    await refused(program, "work_doubel", /did you mean work_double\?/);
    await refused(cpp, "Server::handle", /did you mean _ZN3app6Server6handleEi \(app::Server::handle\(int\)\)\?/);
    await refused(cpp, "app::Server::twice", /_ZN3app6Server5twiceIiEET_S2_ \(app::Server::twice<int>\(int\)\) or /);
  });

  it("a stripped program in Go", { skip: goOrSkip() }, async () => {
    const go = folder.compile("target.go", "go", "-ldflags=-s -w");
    await using bpf = await open();
    await using running = new RunningProgram(go);
    const attach = (symbol: string) => bpf.program("on_go_call").attach({ kind: "uprobe", path: go, symbol });
    await attach("main.(*server).handle");
    assert.equal(await running.ask(41), "42");
    assert.deepEqual(await hitsOf(bpf), [{ cookie: 0n, tgid: running.pid, number: 41 }]);
    await assert.rejects(attach("main.(*server).handel"), { message: /did you mean main\.\(\*server\)\.handle\?/ });
  });
});

it("the embedded engine has neither cookies nor semaphores", async () => {
  const spec = parse(readFileSync(fixturePath("kernel-uprobe.bpf.o")));
  await using bpf = await load(spec, { engine: "embedded" });
  for (const [option, value] of [
    ["cookie", 1n],
    ["refCtrOffset", 8],
  ] as const) {
    const target = { kind: "uprobe", path: "/bin/true", symbol: "main", [option]: value } as const;
    await assert.rejects(bpf.program("on_call").attach(target), {
      code: "NOT_SUPPORTED",
      feature: `attach with ${option}`,
    });
  }
});

/** Where the file has what is in a section. */
function sectionOf(path: string, wanted: string): { offset: number; size: number } {
  const bytes = readFileSync(path);
  const at = (index: number): number => Number(bytes.readBigUInt64LE(0x28)) + 64 * index;
  const names = Number(bytes.readBigUInt64LE(at(bytes.readUInt16LE(0x3e)) + 24));
  for (let index = 0; index < bytes.readUInt16LE(0x3c); index += 1) {
    const start = names + bytes.readUInt32LE(at(index));
    if (bytes.toString("latin1", start, bytes.indexOf(0, start)) !== wanted) continue;
    return {
      offset: Number(bytes.readBigUInt64LE(at(index) + 24)),
      size: Number(bytes.readBigUInt64LE(at(index) + 32)),
    };
  }
  throw new Error(`${path} has no section ${wanted}`);
}
