import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { PerfEventTarget } from "../../src/attach/targets/kernel/perf-event.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { onlineCpus } from "../../src/engine/kernel/cpus.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import { parse } from "../../src/spec/parse.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mountTracefs } from "../support/bpf-file-systems.ts";
import { kernelOrSkip, tracefsOrSkip } from "../support/requirements.ts";

async function loaded(
  tgid: number = process.pid,
  program = "on_sample",
  options: LoadOptions = {},
): Promise<Collection> {
  const spec = parse(readFileSync(fixturePath("sampling.bpf.o")));
  for (const each of spec.programs) each.autoload = each.name === program;
  setVariable(spec, "only_tgid", tgid);
  return load(spec, { engine: "kernel", ...options });
}

const seen = (bpf: Collection, name: string): bigint => BigInt(bpf.variable(name).get() as bigint);

function spinUntil(condition: () => boolean): void {
  const end = performance.now() + 60_000;
  while (!condition()) assert.ok(performance.now() < end, "the event never came");
}

/** Each page is written for the first time. */
function touchPages(count: number): void {
  const pages = new Uint8Array(count * 4096);
  for (let at = 0; at < pages.length; at += 4096) pages[at] = 1;
}

describe("kernel: perf events", { skip: kernelOrSkip(), timeout: 600_000 }, () => {
  it("sample what this process does, by the clock, until they are detached", async () => {
    const before = openDescriptors();
    const bpf = await loaded();
    const target: PerfEventTarget = { kind: "perf_event", event: "cpu-clock", frequency: 1000, pid: process.pid };
    const link = await bpf.program("on_sample").attach({ ...target, cookie: 0x1234n });
    spinUntil(() => seen(bpf, "samples") > 5n);
    assert.equal(seen(bpf, "cookie"), 0x1234n);
    await link.detach();
    const samples = seen(bpf, "samples");
    touchPages(100);
    assert.equal(seen(bpf, "samples"), samples);
    await bpf.close();
    assert.deepEqual(openDescriptors(), before);
  });

  it("count events, and run once for so many of them", async () => {
    await using bpf = await loaded();
    const target: PerfEventTarget = { kind: "perf_event", event: "page-faults", period: 10, pid: process.pid };
    await bpf.program("on_sample").attach(target);
    spinUntil(() => (touchPages(512), seen(bpf, "samples") > 3n));
    assert.equal(seen(bpf, "period"), 10n);
  });

  it("are there for every CPU, with a link each: the info has all, and no single pin has", async () => {
    await using bpf = await loaded();
    const link = await bpf.program("on_sample").attach({ kind: "perf_event", event: "page-faults", period: 10 });
    const cpus = onlineCpus();
    const { type, details, parts = [], id } = link.info;
    assert.deepEqual([type, details], [LinkType.PERF_EVENT, { event: "page-faults" }]);
    assert.deepEqual(
      [parts.length, parts[0]?.id, new Set(parts.map((part) => part.id)).size],
      [cpus.length, id, cpus.length],
    );
    spinUntil(() => (touchPages(512), seen(bpf, "samples") > 0n));
    assert.throws(() => link.pin("/sys/fs/bpf/sampling"), {
      code: "NOT_SUPPORTED",
      message: /the kernel has \d+ links for it, attach to each place by itself and pin those$/,
    });
    await assert.rejects(link.update(bpf.program("on_sample")), { code: "NOT_SUPPORTED" });
  });

  it("are there for one CPU", async () => {
    await using bpf = await loaded();
    const [cpu = 0] = onlineCpus();
    const link = await bpf.program("on_sample").attach({ kind: "perf_event", event: "page-faults", period: 1, cpu });
    assert.equal(link.info.parts, undefined);
    spinUntil(() => (touchPages(64), seen(bpf, "samples") > 0n));
    assert.equal(seen(bpf, "cpus"), 1n << BigInt(cpu % 64));
  });

  it("see all threads of a process, also those that it starts later", async () => {
    const spinning = `"let x = []; for (;;) x = new Array(9999).fill(x.length)"`;
    const main = `process.stdin.once("data", () => new (require("node:worker_threads").Worker)(${spinning}, { eval: true }))`;
    const child = spawn(process.execPath, ["-e", main], { stdio: ["pipe", "ignore", "inherit"] });
    try {
      await once(child, "spawn");
      await using bpf = await loaded(child.pid);
      const target: PerfEventTarget = { kind: "perf_event", event: "task-clock", frequency: 1000, pid: child.pid! };
      const link = await bpf.program("on_sample").attach(target);
      assert.ok((link.info.parts ?? [link.info]).length > 0);
      child.stdin!.write("go\n");
      // What takes so long is the thread that spins.
      while (seen(bpf, "samples") < 300n) await new Promise(setImmediate);
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("are kept from a program by a filter", async () => {
    await using all = await loaded();
    await using own = await loaded(process.pid, "on_sample", { filter: { pid: process.pid } });
    await using others = await loaded(process.pid, "on_sample", { filter: { comm: "nobody-has-it" } });
    for (const bpf of [others, own, all]) {
      await bpf.program("on_sample").attach({ kind: "perf_event", event: "page-faults", period: 1, pid: process.pid });
    }
    spinUntil(() => (touchPages(64), seen(all, "samples") > 0n));
    assert.ok(seen(own, "samples") > 0n);
    assert.equal(seen(others, "samples"), 0n);
  });

  it("name what is not there", async () => {
    await using bpf = await loaded();
    const refused = (target: Partial<PerfEventTarget>, expected: object): Promise<void> =>
      assert.rejects(
        bpf.program("on_sample").attach({ kind: "perf_event", event: "cpu-clock", ...target } as PerfEventTarget),
        expected,
      );
    await refused(
      { frequency: 1, pid: 0x7fff_fff0 },
      { code: "NOT_FOUND", message: /there is no process 2147483632$/ },
    );
    await refused({ frequency: 1, cpu: 4000 }, { message: /there is no CPU 4000/ });
    await refused(
      { frequency: 1e9 },
      { message: /no more than \d+ samples a second \(kernel\.perf_event_max_sample_rate\)/ },
    );
    await refused({}, TypeError);
    await refused({ frequency: 1, period: 1 }, TypeError);
    await refused(
      { event: "cpu-clok" as "cpu-clock", period: 1 },
      { name: "TypeError", message: /did you mean cpu-clock\?$/ },
    );
  });

  it("leave nothing when one of several cannot be opened", async () => {
    const before = openDescriptors().length;
    const bpf = await loaded();
    const opened = openDescriptors().length;
    await assert.rejects(bpf.program("on_sample").attach({ kind: "perf_event", event: "cpu-clock", frequency: 1e9 }));
    assert.equal(openDescriptors().length, opened);
    await bpf.close();
    assert.equal(openDescriptors().length, before);
  });
});

describe("kernel: tracepoints", { skip: tracefsOrSkip() }, () => {
  it("have a cookie", async () => {
    const tracefs = mountTracefs();
    try {
      await using bpf = await loaded(process.pid, "on_getpgid");
      const target = { kind: "tracepoint", category: "syscalls", name: "sys_enter_getpgid" } as const;
      await bpf.program("on_getpgid").attach({ ...target, cookie: 42 });
      func("int getpgid(int pid)")(0);
      assert.equal(seen(bpf, "cookie"), 42n);
    } finally {
      tracefs.unmount();
    }
  });
});

describe("kernel: programs for many functions", { skip: kernelOrSkip() }, () => {
  it("are not for one, nor those for one for many", async () => {
    await using many = await loaded(1, "on_many");
    const one = { kind: "kprobe", symbol: "do_utimes" } as const;
    await assert.rejects(many.program("on_many").attach(one), { name: "TypeError", message: /write SEC\("kprobe"\)/ });
    await using single = await loaded(1, "on_one");
    const all = { kind: "kprobe_multi", pattern: "do_utime*" } as const;
    await assert.rejects(single.program("on_one").attach(all), {
      name: "TypeError",
      message: /write SEC\("kprobe\.multi"\)/,
    });
  });
});
