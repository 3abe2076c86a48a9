import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { UprobeTarget } from "../../src/attach/targets/uprobe.ts";
import { load } from "../../src/load.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import { parse } from "../../src/spec/parse.ts";
import { findExecutableSymbol } from "../../src/elf/executable/find-symbol.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, type SkipReason } from "../support/requirements.ts";

interface Call {
  readonly argument: bigint;
  readonly result: bigint;
}

/** The fixture reads registers of x86-64. */
const skip: SkipReason = process.arch === "x64" ? kernelOrSkip() : `the fixture is for x64, this is ${process.arch}`;

/** The C library of this process, whose functions the tests call. */
const libc = (): string => /\S+\/libc\.so\.6$/m.exec(readFileSync("/proc/self/maps", "utf8"))![0];
const abs = (n: number): number => func("int abs(int n)")(n);

function objectFor(edit: (section: string) => string = (section) => section) {
  const spec = parse(readFileSync(fixturePath("kernel-uprobe.bpf.o")));
  setVariable(spec, "only_tgid", process.pid);
  for (const program of spec.programs) {
    Object.assign(program, {
      section: edit(program.section),
      attachTo: edit(program.section).slice(program.kind.length + 1),
    });
  }
  return spec;
}

describe("uprobes", { skip }, () => {
  const places: { title: string; place: () => Omit<UprobeTarget, "kind" | "path"> }[] = [
    { title: "a symbol", place: () => ({ symbol: "abs" }) },
    { title: "a symbol, in this process only", place: () => ({ symbol: "abs", pid: process.pid }) },
    {
      title: "an offset in the file",
      place: () => {
        const file = readFileSync(libc());
        const read = (offset: number, length: number): Uint8Array => file.subarray(offset, offset + length);
        return { offset: findExecutableSymbol({ size: file.length, read }, "abs").offset };
      },
    },
  ];
  for (const { title, place } of places) {
    it(`${title}: every call from attach to detach, with its argument`, async () => {
      await using bpf = await load(objectFor(), { engine: "kernel" });
      const calls = bpf.ringBuf<Call>("calls");
      const seen: bigint[] = [];
      abs(1);
      const link = await bpf.program("on_call").attach({ kind: "uprobe", path: libc(), ...place() });
      for (let i = 0; i < 20; i += 1) abs(100 + i);
      await link.detach();
      abs(2);
      calls.drain((record) => void seen.push(BigInt.asIntN(32, record.u64(0))));
      assert.deepEqual(
        seen,
        Array.from({ length: 20 }, (_, i) => BigInt(100 + i)),
      );
    });
  }

  it("the return of a function, with its result", async () => {
    await using bpf = await load(objectFor(), { engine: "kernel" });
    const results: number[] = [];
    const link = await bpf
      .program("on_return")
      .attach({ kind: "uprobe", path: libc(), symbol: "abs", pid: process.pid });
    abs(-7);
    abs(8);
    await link.detach();
    bpf.ringBuf<Call>("calls").drain((record) => void results.push(record.i32(8)));
    assert.deepEqual(results, [7, 8]);
  });

  it("of another process tell nothing of this one", async () => {
    const child = spawn("sleep", ["60"]);
    try {
      await once(child, "spawn");
      await using bpf = await load(objectFor(), { engine: "kernel" });
      await bpf.program("on_call").attach({ kind: "uprobe", path: libc(), symbol: "abs", pid: child.pid! });
      abs(3);
      let count = 0;
      bpf.ringBuf<Call>("calls").drain(() => void (count += 1));
      assert.equal(count, 0);
    } finally {
      child.kill();
    }
  });

  it("by the section's name", async () => {
    const spec = objectFor((section) => (section === "uprobe" ? `uprobe/${libc()}:abs+0x0` : section));
    await using bpf = await load(spec, { engine: "kernel" });
    const links = await bpf.attach();
    assert.deepEqual(
      links.map((link) => link.program),
      ["on_call"],
      "the other names no place, and waits to be told",
    );
    abs(5);
    let count = 0;
    bpf.ringBuf<Call>("calls").drain(() => void (count += 1));
    assert.equal(count, 1);
  });

  it("say what is wrong", async () => {
    await using bpf = await load(objectFor(), { engine: "kernel" });
    const program = bpf.program("on_call");
    const refused = (where: Omit<UprobeTarget, "kind">, error: object): Promise<void> =>
      assert.rejects(program.attach({ kind: "uprobe", ...where }), error);
    await refused({ path: libc(), symbol: "no_such_function" }, { code: "NOT_FOUND", message: /no_such_function/ });
    await refused({ path: "/nowhere/at/all", symbol: "abs" }, { code: "NOT_FOUND", message: /no such file/ });
    await refused(
      { path: fixturePath("kernel-uprobe.bpf.c"), symbol: "abs" },
      { code: "BAD_OBJECT", message: /not an ELF file/ },
    );
    for (const path of ["/dev/null", "/tmp"])
      await refused({ path, symbol: "abs" }, { code: "BAD_OBJECT", message: /it is no file/ });
    await refused({ path: libc(), offset: 2 ** 40 }, { code: "NOT_FOUND", message: /beyond the end/ });
    await refused({ path: libc(), symbol: "abs", pid: 2 ** 22 + 1 }, { message: /no process/ });
    await refused({ path: libc() }, TypeError);
    await refused({ path: libc(), symbol: "abs", cpu: 1 } as Omit<UprobeTarget, "kind">, TypeError);
    await assert.rejects(program.attach(), {
      code: "NOT_FOUND",
      message: /write uprobe\/\/path:symbol, or say where: attach\(\{ kind: "uprobe", path \}\)/,
    });
  });
});

describe("a pipe as a place for uprobes", { skip }, () => {
  it("is refused at once, by a section's name as well", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ebpf-uprobe-"));
    const path = join(folder, "pipe");
    try {
      execFileSync("mkfifo", [path]);
      const named = objectFor((section) => `${section.split("/", 1)[0]}/${path}:abs`);
      await using bpf = await load(named, { engine: "kernel" });
      const error = { code: "BAD_OBJECT", message: /it is no file/ };
      await assert.rejects(bpf.program("on_call").attach(), error);
      await assert.rejects(bpf.program("on_call").attach({ kind: "uprobe", path, offset: 1 }), error);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it("uprobes on the embedded engine are refused", async () => {
  await using bpf = await load(objectFor(), { engine: "embedded" });
  await assert.rejects(bpf.program("on_call").attach({ kind: "uprobe", path: "/bin/true", symbol: "main" }), {
    code: "NOT_SUPPORTED",
  });
});
