/** The option `pid` of every kind of place that has one: this process, one that has ended, and what is none. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import { load } from "../../src/load.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { fixturePath } from "../support/fixtures.ts";
import { NativeFolder, nativeOrSkip } from "../support/native.ts";
import { isLinuxAtLeast } from "../support/requirements.ts";

/** The C library of this process, and a function of it that nobody else is likely to call meanwhile. */
const libc = (): string => /\S+\/libc\.so\.6$/m.exec(readFileSync("/proc/self/maps", "utf8"))![0];
const call = (): number => func("long a64l(const char *text)")("./");

interface Kind {
  readonly title: string;
  readonly object: string;
  readonly program: string;
  readonly since?: string;
  readonly at: () => AttachTarget;
}

/** A process that has been, and has been waited for: its number is not given away again so soon. */
async function endedProcess(): Promise<number> {
  const child = spawn("true");
  await once(child, "exit");
  return child.pid!;
}

describe("kernel: one process", { skip: nativeOrSkip() }, () => {
  let folder: NativeFolder;
  let program: string;
  before(() => {
    folder = new NativeFolder();
    // Fixed, so that its probes can be attached before they are loaded anywhere.
    program = folder.compile("target.c", "fixed", "-no-pie");
  });
  after(() => folder.remove());

  const kinds: readonly Kind[] = [
    {
      title: "uprobe",
      object: "kernel-uprobe",
      program: "on_call",
      at: () => ({ kind: "uprobe", path: libc(), symbol: "a64l" }),
    },
    {
      title: "uprobe_multi",
      object: "uprobe-multi",
      program: "on_calls",
      since: "6.6",
      at: () => ({ kind: "uprobe_multi", path: libc(), symbols: ["a64l"] }),
    },
    {
      title: "usdt",
      object: "usdt-target",
      program: "on_told",
      at: () => ({ kind: "usdt", path: program, provider: "target", name: "told" }),
    },
    {
      title: "perf_event",
      object: "sampling",
      program: "on_sample",
      at: () => ({ kind: "perf_event", event: "page-faults", period: 1 }),
    },
    { title: "iter", object: "iterators", program: "on_task", since: "6.1", at: () => ({ kind: "iter" }) },
  ];
  for (const { title, object, program: name, since, at } of kinds) {
    const skip = since !== undefined && !isLinuxAtLeast(since) ? `this takes Linux ${since}` : false;
    it(`that has ended is not found, and -1 is none (${title})`, { skip }, async () => {
      await using bpf = await load(fixturePath(`${object}.bpf.o`), { engine: "kernel", only: [name] });
      const pid = await endedProcess();
      const opened = openDescriptors().length;
      await assert.rejects(
        bpf.program(name).attach({ ...at(), pid } as AttachTarget),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "NOT_FOUND", error.message);
          assert.equal(
            error.message.replace(/ \(ESRCH\)$/, ""),
            `Cannot attach program ${name}: there is no process ${pid}`,
          );
          return true;
        },
      );
      await assert.rejects(bpf.program(name).attach({ ...at(), pid: -1 } as AttachTarget), {
        name: "RangeError",
        message: /pid .*must be the number of a process, not -1: leave it out for every process$/,
      });
      await assert.rejects(bpf.program(name).attach({ ...at(), pid: Number.NaN } as AttachTarget), RangeError);
      assert.equal(openDescriptors().length, opened);
    });
  }

  it("is this one where it is 0: functions", async () => {
    const variables = { only_tgid: process.pid };
    await using one = await load(fixturePath("kernel-uprobe.bpf.o"), {
      engine: "kernel",
      only: ["on_call"],
      variables,
    });
    await one.program("on_call").attach({ kind: "uprobe", path: "libc.so.6", symbol: "a64l", pid: 0 });
    call();
    const calls = one.ringBuf("calls");
    assert.equal(calls.drain(() => {}).delivered, 1);
    if (!isLinuxAtLeast("6.6")) return;
    await using many = await load(fixturePath("uprobe-multi.bpf.o"), { engine: "kernel", only: ["on_calls"] });
    await many.program("on_calls").attach({ kind: "uprobe_multi", path: libc(), symbols: ["a64l"], pid: 0 });
    call();
    const seen: number[] = [];
    many.ringBuf("hits").drain((record) => void seen.push(record.u32(8)));
    assert.deepEqual(seen, [process.pid]);
  });

  it("is this one where it is 0: probes, samples, iterators", async () => {
    await using usdt = await load(fixturePath("usdt-target.bpf.o"), { engine: "kernel", only: ["on_told"] });
    const probe = await usdt
      .program("on_told")
      .attach({ kind: "usdt", path: program, provider: "target", name: "told", pid: 0 });
    if (isLinuxAtLeast("6.10")) assert.equal(probe.info.details["pid"], process.pid);
    const variables = { only_tgid: process.pid };
    const only = ["on_sample"];
    await using sampling = await load(fixturePath("sampling.bpf.o"), { engine: "kernel", only, variables });
    await sampling.program("on_sample").attach({ kind: "perf_event", event: "page-faults", period: 1, pid: 0 });
    new Uint8Array(64 * 4096).fill(1);
    assert.ok(BigInt(sampling.variable("samples").get() as bigint) > 0n);
    if (!isLinuxAtLeast("6.1")) return;
    await using tasks = await load(fixturePath("iterators.bpf.o"), { engine: "kernel", only: ["on_task"], variables });
    const lines = (await tasks.program("on_task").iterate({ pid: 0 }).text()).trim().split("\n");
    const own = readdirSync("/proc/self/task").map((thread) => `thread ${thread} of ${process.pid}`);
    assert.deepEqual(lines.toSorted(), own.toSorted());
  });
});
