import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import type { EngineCollection } from "../../src/engine/engine.ts";
import { load } from "../../src/load.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { mountTracefs } from "../support/bpf-file-systems.ts";
import type { Mounted } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, tracefsOrSkip } from "../support/requirements.ts";
import { asU64, changedSys, loadFixture } from "./kernel-fixture.ts";
import type { FixtureOptions } from "./kernel-fixture.ts";

const killNumber = process.arch === "arm64" ? 129 : 62;
const counters = ["by_tracepoint", "by_raw_tracepoint", "by_tp_btf"];

/** Loaded for this process only, with these programs. */
function watching(programs: readonly string[], options: FixtureOptions = {}): Promise<EngineCollection> {
  const edit = (spec: CollectionSpec): void => {
    setVariable(spec, "process", process.pid);
    setVariable(spec, "kill_number", killNumber);
    for (const program of spec.programs) program.autoload = programs.includes(program.name);
  };
  return loadFixture("kernel-attach", { ...options, edit });
}

/** The counters, in the order of the source. */
function counts(collection: EngineCollection): Record<string, bigint> {
  const bss = collection.maps.get(".bss")!.lookup(new Uint8Array(4))!;
  return Object.fromEntries(counters.map((name, index) => [name, asU64(bss.subarray(index * 8))!]));
}

function killMyself(times: number): void {
  for (let turn = 0; turn < times; turn++) process.kill(process.pid, 0);
}

/** Attaches, makes system calls, detaches, makes more: only those in between are seen. */
async function seesOnlyWhileAttached(collection: EngineCollection, program: string, counter: string): Promise<void> {
  killMyself(2);
  const link = await collection.programs.get(program)!.attach();
  killMyself(5);
  assert.equal(counts(collection)[counter], 5n);
  await link.close();
  await link.close();
  killMyself(3);
  assert.equal(counts(collection)[counter], 5n);
  await collection.close();
}

describe("kernel: raw tracepoints", { skip: kernelOrSkip() }, () => {
  it("raw_tp", async () => {
    await seesOnlyWhileAttached(await watching(["on_raw_tracepoint"]), "on_raw_tracepoint", "by_raw_tracepoint");
  });

  it("tp_btf", async () => {
    await seesOnlyWhileAttached(await watching(["on_tp_btf"]), "on_tp_btf", "by_tp_btf");
  });

  it("close() detaches", async () => {
    const opened = openDescriptors().length;
    const collection = await watching(["on_raw_tracepoint"]);
    await collection.programs.get("on_raw_tracepoint")!.attach();
    await collection.programs.get("on_raw_tracepoint")!.attach();
    await collection.close();
    assert.deepEqual(openDescriptors().slice(opened), []);
  });

  it("a tracepoint that does not exist is named", async () => {
    const missing = await loadFixture("bad/missing-tracepoint");
    await assert.rejects(missing.programs.get("raw_teapot")!.attach(), {
      code: "NOT_FOUND",
      message: /has no tracepoint \w+/,
    });
    await missing.close();
    await assert.rejects(watching(["on_nothing"]), { code: "NOT_FOUND", message: /no tracepoint no_such_tracepoint/ });
  });

  it("a program that reads more arguments than there are is refused", async () => {
    const collection = await watching(["reads_too_much"]);
    await assert.rejects(collection.programs.get("reads_too_much")!.attach(), {
      errnoName: "EINVAL",
      message: /reads more arguments than tracepoint sys_enter has/,
    });
    await collection.close();
  });

  it("kprobes are attached, or a kernel without says so", async () => {
    const collection = await watching(["on_kprobe"]);
    const attaching = collection.programs.get("on_kprobe")!.attach();
    if (existsSync("/sys/bus/event_source/devices/kprobe")) await attaching;
    else
      await assert.rejects(attaching, {
        feature: "kprobe",
        message: /: this kernel has no kprobes \(CONFIG_KPROBE_EVENTS\)$/,
      });
    await collection.close();
  });

  it("kinds that attach to nothing are named", async () => {
    const calls = await loadFixture("kernel-run");
    await assert.rejects(calls.programs.get("sum")!.attach(), { feature: "attach syscall" });
    await calls.close();
  });
});

describe(
  "kernel: tracepoints without tracefs",
  { skip: kernelOrSkip() || (existsSync("/sys/kernel/tracing/events") && "tracefs is mounted") },
  () => {
    it("say how to mount it", async () => {
      const collection = await watching(["on_tracepoint"]);
      await assert.rejects(collection.programs.get("on_tracepoint")!.attach(), {
        code: "NOT_FOUND",
        message: /mount -t tracefs tracefs \/sys\/kernel\/tracing/,
      });
      await collection.close();
    });
  },
);

describe("kernel: tracepoints", { skip: tracefsOrSkip() }, () => {
  let tracefs: Mounted;
  before(() => void (tracefs = mountTracefs()));
  after(() => tracefs.unmount());

  it("by link", async () => {
    await seesOnlyWhileAttached(await watching(["on_tracepoint"]), "on_tracepoint", "by_tracepoint");
  });

  it("by ioctl, on kernels before 5.15", async () => {
    const sys = changedSys((real) => ({
      bpf: (command, attributes) => (command === Command.LINK_CREATE ? -Errno.EINVAL : real.bpf(command, attributes)),
    }));
    await seesOnlyWhileAttached(await watching(["on_tracepoint"], { sys }), "on_tracepoint", "by_tracepoint");
  });

  it("the near name of one that does not exist is told", async () => {
    const only = ["on_tracepoint", "on_raw_tracepoint"];
    await using bpf = await load(fixturePath("kernel-attach.bpf.o"), { engine: "kernel", only });
    const refused = (name: string, target: AttachTarget, message: RegExp): Promise<void> =>
      assert.rejects(bpf.program(name).attach(target), { code: "NOT_FOUND", message });
    const kind = "tracepoint";
    await refused(
      "on_tracepoint",
      { kind, category: "syscalls", name: "sys_enter_unlnkat" },
      /mean sys_enter_unlinkat\?$/,
    );
    await refused("on_tracepoint", { kind, category: "sycalls", name: "sys_enter_unlinkat" }, /mean syscalls\?$/);
    await refused("on_raw_tracepoint", { kind: "raw_tracepoint", name: "sched_swich" }, /mean sched_switch\?$/);
  });

  it("one that does not exist is named", async () => {
    const missing = await loadFixture("bad/missing-tracepoint");
    await assert.rejects(missing.programs.get("enter_teapot")!.attach(), {
      code: "NOT_FOUND",
      message: /this kernel has no tracepoint \w+\/\w+/,
    });
    await missing.close();
  });
});
