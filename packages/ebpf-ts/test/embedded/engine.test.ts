import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { parseBtf } from "../../src/btf/index.ts";
import type { Btf, BtfComposite } from "../../src/btf/types.ts";
import { embeddedEngine } from "../../src/engine/embedded/user/embedded-engine.ts";
import { buildKernelBtf } from "../../src/engine/embedded/load/own-btf.ts";
import { hostedEmbeddedEngine } from "../../src/engine/embedded/node-host.ts";
import type { EngineCollection, EngineOptions } from "../../src/engine/engine.ts";
import { EbpfError, NotSupportedError, SyscallError } from "../../src/base/errors.ts";
import type { CollectionSpec, MapSpec } from "../../src/spec/types.ts";
import { MapFlag, MapType, ProgType } from "../../src/uapi/uapi.gen.ts";
import { call, exit, mapSpec, movImm, op, specOf, type Code } from "./test-machine.ts";

const silent: EngineOptions = { onPrint: () => {}, onFault: () => {} };
const key = (index: number): Uint8Array => Uint8Array.of(index, 0, 0, 0);

function load(
  maps: MapSpec[],
  programs?: Partial<CollectionSpec["programs"][number]>[],
  code?: readonly Code[],
): Promise<EngineCollection> {
  return embeddedEngine().load(specOf(maps, programs, code), silent);
}

describe("loading", () => {
  it("names what it has no map for", async () => {
    await assert.rejects(
      load([mapSpec("stacks", MapType.STACK_TRACE, 4, 8, 1)]),
      (error) => error instanceof NotSupportedError && /stacks.*STACK_TRACE/.test(error.message),
    );
  });

  it("names maps and kernel symbols that a program needs", async () => {
    const code = [op(0x18, 1), op(0), exit];
    await assert.rejects(load([], [{ references: [{ slot: 0, kind: "map", map: "gone" }] }], code), /program_0.*gone/);
    const extern = (weak: boolean) => {
      return { slot: 0, kind: "extern", name: "jiffies", section: ".ksyms", weak, type: 0, size: 0 } as const;
    };
    await assert.rejects(load([], [{ references: [extern(false)] }], code), NotSupportedError);
    const weak = await load([], [{ references: [extern(true)] }], code);
    await weak.close();
  });

  it("names the maps that do not fit", async () => {
    const large = { ...mapSpec("", MapType.ARRAY, 4, 512 * 1024, 1000) };
    const many = Array.from({ length: 9 }, (_, index) => ({ ...large, name: `large_${index}` }));
    await assert.rejects(
      load(many),
      (error) => error instanceof EbpfError && error.code === "TOO_BIG" && /large_8.*4 GiB/.test(error.message),
    );
  });

  it("leaves programs alone that are not to be loaded", async () => {
    const collection = await load([], [{ autoload: false, instructions: [op(0xff)] }, {}]);
    assert.deepEqual([...collection.programs.keys()], ["program_1"]);
    await collection.close();
  });

  it("wants a budget and CPUs that make sense", async () => {
    await assert.rejects(embeddedEngine().load(specOf([]), { ...silent, instructionBudget: 0 }), RangeError);
    assert.throws(() => embeddedEngine({ cpus: 0 }), RangeError);
  });
});

describe("maps of a collection", () => {
  it("answer with the kernel's errors", async () => {
    const collection = await load([
      mapSpec("hash", MapType.HASH, 4, 4, 1),
      { ...mapSpec("constant", MapType.ARRAY, 4, 4, 1), readOnly: true },
    ]);
    const hash = collection.maps.get("hash")!;
    const fails = (errnoName: string) => (error: unknown) =>
      error instanceof SyscallError && error.errnoName === errnoName;
    assert.throws(() => hash.update(key(1), key(1), 2), fails("ENOENT"));
    hash.update(key(1), key(1), 1);
    assert.throws(() => hash.update(key(1), key(1), 1), fails("EEXIST"));
    assert.throws(() => hash.update(key(2), key(1), 0), fails("E2BIG"));
    assert.equal(hash.delete(key(2)), false);
    const constant = collection.maps.get("constant")!;
    assert.throws(() => constant.update(key(0), key(1), 0), fails("EPERM"));
    assert.deepEqual(constant.lookup(key(0)), new Uint8Array(4));
    hash.freeze!();
    assert.throws(() => hash.delete(key(1)), fails("EPERM"));
    await collection.close();
    assert.throws(() => hash.lookup(key(1)), { code: "CLOSED" });
    await assert.rejects(collection.spawn("true", [], {}), { code: "CLOSED" });
    await collection.close();
  });

  it("hand out memory where it may be written, and only there", async () => {
    const mappable = { ...mapSpec("open", MapType.ARRAY, 4, 4, 2), flags: MapFlag.MMAPABLE };
    const collection = await load([
      mappable,
      { ...mappable, name: "closed", readOnly: true },
      mapSpec("plain", MapType.ARRAY, 4, 4, 2),
    ]);
    const open = collection.maps.get("open")!;
    assert.equal(open.memory!().length, 16);
    open.memory!()[8] = 7;
    assert.deepEqual(open.lookup(key(1)), key(7));
    assert.equal(collection.maps.get("closed")!.memory, undefined);
    assert.equal(collection.maps.get("plain")!.memory, undefined);
    await collection.close();
  });

  it("of programs take those of one type, and of this collection", async () => {
    const collection = await load([mapSpec("jumps", MapType.PROG_ARRAY, 4, 4, 1)], [{}, { type: ProgType.TRACEPOINT }]);
    const other = await load([], [{}]);
    const jumps = collection.maps.get("jumps")!;
    jumps.setProgram!(0, collection.programs.get("program_0")!);
    assert.throws(() => jumps.setProgram!(0, collection.programs.get("program_1")!), /another type \(EINVAL\)/);
    assert.throws(() => jumps.setProgram!(1, collection.programs.get("program_0")!), /beyond its end \(E2BIG\)/);
    assert.throws(() => jumps.setProgram!(0, other.programs.get("program_0")!), TypeError);
    await Promise.all([collection.close(), other.close()]);
  });
});

describe("programs of a collection", () => {
  it("run by hand: context in and out, repeats, result", async () => {
    const collection = await load([], [{}], [op(0x61, 0, 1, 0), op(0x07, 0, 0, 0, 1), op(0x63, 1, 0, 0), exit]);
    const program = collection.programs.get("program_0")!;
    const once = await program.run({ context: key(5) });
    assert.deepEqual([once.returnValue, once.context], [6, key(6)]);
    assert.equal((await program.run({ context: key(5), repeat: 10 })).returnValue, 15);
    await assert.rejects(program.run({ context: key(5), repeat: 0 }), RangeError);
    await assert.rejects(program.run({ data: key(5) }), NotSupportedError);
    await assert.rejects(program.run({ context: new Uint8Array(1 << 20) }), { code: "TOO_BIG" });
    await collection.close();
    await assert.rejects(program.run({}), { code: "CLOSED" });
  });

  it("see this process as their task", async () => {
    const spec = specOf([], [{}], [call("get_current_pid_tgid"), op(0x77, 0, 0, 0, 32), exit]);
    const collection = await (await hostedEmbeddedEngine()).load(spec, silent);
    assert.equal((await collection.programs.get("program_0")!.run({})).returnValue, process.pid);
    await collection.close();
  });

  it("attach to system calls, and to nothing else", async () => {
    const good = [
      ["tracepoint", "syscalls/sys_enter_kill"],
      ["tp", "raw_syscalls/sys_exit"],
      ["raw_tp", "sys_enter"],
      ["raw_tracepoint.w", "sys_exit"],
    ];
    const bad = [
      ["kprobe", "do_exit"],
      ["tracepoint", "sched/sched_switch"],
      ["raw_tp", "sched_switch"],
      ["syscall", ""],
      ["uprobe", "/bin/sh:main"],
    ];
    const all = [...good, ...bad].map(([kind, attachTo]) => ({ kind: kind!, attachTo: attachTo! }));
    const collection = await (await hostedEmbeddedEngine()).load(specOf([], all), silent);
    const programs = [...collection.programs.values()];
    for (const program of programs.slice(0, good.length)) await (await program.attach()).close();
    for (const program of programs.slice(good.length)) {
      await assert.rejects(
        program.attach(),
        (error) => error instanceof NotSupportedError && error.message.includes(program.info.name),
      );
    }
    await collection.close();
  });

  it("have no events without a source", async () => {
    const collection = await load([]);
    await assert.rejects(collection.spawn("true", [], {}), NotSupportedError);
    await collection.close();
  });
});

describe("the bell of a ring", () => {
  const maps = [mapSpec("events", MapType.RINGBUF, 0, 0, 4096)];
  const output = [
    op(0x18, 1),
    op(0),
    op(0xbf, 2, 10),
    op(0x07, 2, 0, 0, -8),
    movImm(3, 8),
    movImm(4, 0),
    call("ringbuf_output"),
    exit,
  ];
  const references = [{ slot: 0, kind: "map" as const, map: "events" }];

  it("rings once for each arming: for what is there, and for what comes", async () => {
    const collection = await load(maps, [{ references }], output);
    const { memory, bell: makeBell } = collection.maps.get("events")!.ring!();
    let rings = 0;
    let onRing = (): void => {};
    const bell = makeBell(() => (rings++, onRing()));
    const rung = (): Promise<void> => new Promise((resolve) => (onRing = resolve));
    const emit = () => collection.programs.get("program_0")!.run({});
    const catchUp = (): void => void Atomics.store(memory.consumer, 0, Atomics.load(memory.producer, 0));
    /** What another bell hears, this one would have heard as well. */
    const emitForAnother = async (): Promise<void> => {
      catchUp();
      await new Promise<void>((resolve) => {
        const other = makeBell(() => (other.close(), resolve()));
        other.arm();
        void emit();
      });
    };
    let ringing = rung();
    bell.arm();
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(rings, 0, "nothing is there");
    await emit();
    await ringing;
    assert.equal(rings, 1, "something came");
    await emitForAnother();
    assert.equal(rings, 1, "it is not armed");
    ringing = rung();
    bell.arm();
    await ringing;
    assert.equal(rings, 2, "something was there");
    catchUp();
    bell.arm();
    bell.close();
    await emitForAnother();
    assert.equal(rings, 2, "it is closed");
    await collection.close();
  });

  it("keeps the process alive while it is armed, and only then", async () => {
    const url = (path: string): string => pathToFileURL(fileURLToPath(new URL(path, import.meta.url))).href;
    const source = `
      import { embeddedEngine } from ${JSON.stringify(url("../../src/engine/embedded/user/embedded-engine.js"))};
      const spec = { license: "GPL", programs: [], functions: [], variables: [], maps: [${JSON.stringify({ ...maps[0], mapExtra: 0 })}] };
      spec.maps[0].mapExtra = 0n;
      const collection = await embeddedEngine().load(spec, { onPrint() {}, onFault() {} });
      const bell = collection.maps.get("events").ring().bell(() => {});
      bell.arm();
      if (process.argv[1] === "close") bell.close();
      else setTimeout(() => { console.log("alive"); process.exit(3); }, 200).unref();`;
    const run = promisify(execFile);
    await run(process.execPath, ["--input-type=module", "-e", source, "close"]);
    await assert.rejects(run(process.execPath, ["--input-type=module", "-e", source, "stay"]), {
      code: 3,
      stdout: "alive\n",
    });
  });
});

describe("the engine's own kernel types", () => {
  const struct = (btf: Btf, name: string): BtfComposite => btf.find(name, "struct")[0] as BtfComposite;
  const layout = (btf: Btf, name: string): [string, number][] =>
    struct(btf, name).members.map((member) => [member.name, member.bitOffset / 8]);

  it("are contexts of system calls and registers", () => {
    const btf = buildKernelBtf("x64");
    assert.deepEqual(layout(btf, "trace_event_raw_sys_enter"), [
      ["ent", 0],
      ["id", 8],
      ["args", 16],
      ["__data", 64],
    ]);
    assert.deepEqual(
      layout(btf, "pt_regs").filter(([name]) => ["di", "orig_ax", "ip", "sp"].includes(name)),
      [
        ["di", 112],
        ["orig_ax", 120],
        ["ip", 128],
        ["sp", 152],
      ],
    );
    assert.equal(struct(btf, "pt_regs").size, 168);
    assert.equal(struct(buildKernelBtf("arm64"), "user_pt_regs").size, 272);
  });

  it("are laid out as this kernel's", async (context) => {
    const bytes = await readFile("/sys/kernel/btf/vmlinux").catch(() => undefined);
    if (bytes === undefined || process.arch !== "x64")
      return context.skip("this host shows no kernel BTF, or is not x64");
    const [own, host] = [buildKernelBtf("x64"), parseBtf(bytes)];
    for (const name of [
      "trace_entry",
      "trace_event_raw_sys_enter",
      "trace_event_raw_sys_exit",
      "syscall_trace_enter",
      "syscall_trace_exit",
      "pt_regs",
    ]) {
      const members = new Map(layout(host, name));
      assert.equal(struct(own, name).size, struct(host, name).size, name);
      for (const [member, offset] of layout(own, name)) {
        // Since Linux 6.9 cs and ss share their words with more, without a name.
        if (member !== "cs" && member !== "ss") assert.equal(members.get(member), offset, `${name}.${member}`);
      }
    }
  });
});

describe("a function that is told what a program prints that is run by hand", () => {
  const text: readonly Code[] = [
    movImm(1, 0x6968),
    op(0x7b, 10, 1, -8, 0), // *(u64 *)(r10 - 8) = r1: "hi"
    op(0xbf, 1, 10, 0, 0),
    op(0x07, 1, 0, 0, -8),
    movImm(2, 3),
    call("trace_printk"),
  ];
  const mine = new Error("mine");

  async function runWith(onPrint: (line: string) => unknown, code: readonly Code[]): Promise<unknown> {
    const options: EngineOptions = { ...silent, onPrint: onPrint as (line: string) => void };
    const collection = await embeddedEngine().load(specOf([], [{}], code), options);
    const run = collection.programs.get("program_0")!.run({});
    await run.catch(() => {});
    await collection.close();
    return run;
  }

  for (const [title, onPrint] of [
    [
      "throws",
      (): never => {
        throw mine;
      },
    ],
    [
      "throws an error of the library",
      (): never => {
        throw new EbpfError("NO_SPACE", "mine");
      },
    ],
    ["rejects its promise", () => Promise.reject(mine)],
    [
      "rejects its promise later",
      async () => (await new Promise((resolve) => setTimeout(resolve, 20)), Promise.reject(mine)),
    ],
  ] as const) {
    it(`${title}: the run goes on to its end, and is rejected with that`, async () => {
      let calls = 0;
      const twice = [...text, ...text, movImm(0, 0), exit];
      await assert.rejects(
        runWith(() => ((calls += 1), onPrint()), twice),
        (error: Error) => error.message === "mine",
      );
      assert.equal(calls, title.startsWith("rejects") ? 2 : 1, "nothing is told after a failure");
    });
  }

  it("fails, and so does the run: both errors are there", async () => {
    const faulty = [...text, movImm(1, 0), op(0x79, 0, 1, 0, 0), exit];
    await assert.rejects(
      runWith(() => Promise.reject(mine), faulty),
      (error: AggregateError) =>
        error.errors.length === 2 && error.errors[1] === mine && error.errors[0].code === "FAULT",
    );
  });

  it("is waited for", async () => {
    const lines: string[] = [];
    const onPrint = async (line: string): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      lines.push(line);
    };
    await runWith(onPrint, [...text, movImm(0, 0), exit]);
    assert.deepEqual(lines, ["hi"]);
  });
});
