import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { describe, it } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Collection } from "../../src/collection/collection.ts";
import { EbpfError, NotSupportedError, ValueError, VerifierError } from "../../src/base/errors.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { parseAddresses } from "../../src/engine/kernel/load/externs/kernel-addresses.ts";
import { fixturePath } from "../support/fixtures.ts";
import { onEachEngine, onKernel } from "./fixture.ts";

type Kconfig = NonNullable<LoadOptions["kconfig"]>;

/** With those programs only, if any are named. */
function externs(engine: EngineName, kconfig: Kconfig = {}, programs: readonly string[] = []): Promise<Collection> {
  const spec = parse(readFileSync(fixturePath("externs.bpf.o")));
  if (programs.length > 0) for (const each of spec.programs) each.autoload = programs.includes(each.name);
  return load(spec, { engine, kconfig });
}

const run = async (bpf: Collection, name: string): Promise<number> => (await bpf.program(name).run({})).returnValue;

/** What programs saw, by variable. */
function seen(bpf: Collection, ...names: string[]): unknown {
  return Object.fromEntries(names.map((name) => [name, bpf.variable(name).get()]));
}

onEachEngine("what a kernel is to provide", (engine) => {
  it("weak, and absent: settings are 0, symbols and functions are at address 0", async () => {
    await using bpf = await externs(engine);
    await run(bpf, "unknown");
    const zeros = { text: "", letter: 0, number: 0n, little: 0n, state: 0n, none: 0n };
    assert.deepEqual(seen(bpf, "text", "letter", "number", "little", "state", "none"), zeros);
    assert.equal(await run(bpf, "absent"), 0);
    assert.equal(await run(bpf, "guarded"), 7);
    assert.equal(await run(bpf, "other"), 7);
  });

  it("settings that every engine has", async () => {
    await using bpf = await externs(engine);
    await run(bpf, "known");
    const version = Number(bpf.variable<bigint>("version").get());
    assert.ok(version >= 0x05_0a_00 && version < 0xff_00_00, String(version));
    const { hz, cookie, wrapper, ...rest } = seen(bpf, "hz", "cookie", "wrapper", "has_syscall", "bpf", "btf") as {
      [name: string]: bigint;
    };
    assert.ok(hz! >= 24n && hz! <= 1200n, String(hz));
    assert.ok(cookie! <= 1n && wrapper === 1n);
    assert.deepEqual(rest, { has_syscall: 1n, bpf: 1n, btf: BigInt("y".charCodeAt(0)) });
  });

  it("settings that load() is given", async () => {
    const given = {
      CONFIG_EBPF_TS_TEXT: "some text that is too long",
      CONFIG_EBPF_TS_NUMBER: -5,
      CONFIG_EBPF_TS_SHORT: 300n,
      CONFIG_EBPF_TS_STATE: "m",
      LINUX_EBPF_TS_NONE: true,
      LINUX_KERNEL_VERSION: 0x07_00_00,
      CONFIG_HZ: 1000,
    };
    await using bpf = await externs(engine, given, ["known", "unknown"]);
    await run(bpf, "known");
    await run(bpf, "unknown");
    assert.deepEqual(seen(bpf, "text", "letter", "number", "little", "state", "none", "version", "hz"), {
      text: "some text that ",
      letter: "m".charCodeAt(0),
      number: -5n,
      little: 300n,
      state: 2n,
      none: 1n,
      version: 0x07_00_00n,
      hz: 1000n,
    });
    assert.equal(bpf.variable("CONFIG_HZ").get(), 1000n);
    assert.equal(bpf.variable("CONFIG_EBPF_TS_STATE").get(), "TRI_MODULE");
  });

  it("are read only", async () => {
    await using bpf = await externs(engine);
    assert.throws(() => bpf.variable("CONFIG_HZ").set(1n), TypeError);
    assert.throws(() => bpf.map<number, unknown>(".kconfig").set(0, bpf.map(".kconfig").get(0)), {
      errnoName: "EPERM",
    });
  });

  it("decide what can be reached", async () => {
    await assert.rejects(externs(engine, { CONFIG_EBPF_TS_NUMBER: 1 }, ["guarded"]), (error) => {
      assert.match((error as Error).message, /^Cannot load program guarded: .*externs\.bpf\.c:\d+/);
      return error instanceof (engine === "kernel" ? VerifierError : NotSupportedError);
    });
    await assert.rejects(externs(engine, {}, ["unguarded"]), /^\w*Error: Cannot load program unguarded: /);
  });

  describe("mistakes in the option kconfig", () => {
    const bad = (given: unknown): Promise<Collection> => externs(engine, given as Kconfig);

    it("values that do not fit", async () => {
      const values = [
        ["CONFIG_HZ", "y"],
        ["CONFIG_HZ", 1n << 64n],
        ["CONFIG_EBPF_TS_SHORT", 70_000],
        ["CONFIG_EBPF_TS_STATE", "x"],
        ["CONFIG_BPF_SYSCALL", "m"],
        ["CONFIG_EBPF_TS_TEXT", 7],
      ] as const;
      for (const [name, value] of values) {
        await assert.rejects(bad({ [name]: value }), (error) => {
          assert.ok(error instanceof ValueError && error.place.variable === name, String(error));
          assert.match(error.message, new RegExp(`^Cannot set the kernel's setting ${name}: it`));
          return true;
        });
      }
    });

    it("values that are none, and no object", async () => {
      for (const value of [null, {}, [], Symbol("x"), 1.5, NaN])
        await assert.rejects(bad({ CONFIG_HZ: value }), {
          name: "TypeError",
          message: /CONFIG_HZ of the option kconfig/,
        });
      for (const given of [null, "CONFIG_HZ=1", 7])
        await assert.rejects(bad(given), {
          name: "TypeError",
          message: /option kconfig of load\(\) must be an object/,
        });
    });

    it("names that the object does not ask for", async () => {
      await assert.rejects(bad({ CONFIG_OTHER: 1 }), {
        code: "NOT_FOUND",
        message: /setting of the kernel CONFIG_OTHER.*CONFIG_HZ/,
      });
      await assert.rejects(bad({ version: 1 }), { code: "NOT_FOUND" });
    });
  });

  it("what no loaded program uses is no reason to refuse", async () => {
    const spec = parse(readFileSync(fixturePath("bad/kernel-symbols.bpf.o")));
    for (const each of spec.programs) each.autoload = each.name === "needs_nothing";
    await using bpf = await load(spec, { engine });
    assert.equal(await run(bpf, "needs_nothing"), 3);
  });
});

onKernel("what the running kernel provides", () => {
  it("its settings are those of its configuration", async () => {
    await using bpf = await externs("kernel");
    assert.equal(bpf.variable("CONFIG_HZ").get(), BigInt(/^CONFIG_HZ=(\d+)$/m.exec(hostConfig())![1]!));
  });

  it("its version is that of its release", async () => {
    await using bpf = await externs("kernel");
    const release = readFileSync("/proc/sys/kernel/osrelease", "utf8");
    const [major, minor] = release.split(".").map(Number);
    assert.equal((bpf.variable<number>("LINUX_KERNEL_VERSION").get() >> 8).toString(), String(major! * 256 + minor!));
  });

  it("symbols and functions that it has", async () => {
    await using bpf = await externs("kernel");
    assert.equal(await run(bpf, "present"), 3);
  });

  it("variables that it has, if it tells their addresses (CONFIG_KALLSYMS_ALL)", async () => {
    const symbols = readFileSync("/proc/kallsyms", "latin1");
    const isListed = parseAddresses(symbols, new Set(["bpf_prog_active"])).has("bpf_prog_active");
    const loaded = externs("kernel", {}, ["present_variable"]);
    if (!isListed) {
      // The kernel has found it by our type id, and lacks the rest.
      await assert.rejects(loaded, /failed to find the address for kernel symbol 'bpf_prog_active'/);
      return;
    }
    await using bpf = await loaded;
    assert.equal(await run(bpf, "present_variable"), 1);
  });

  it("a call of what it lacks, which can be reached, is told by name", async () => {
    await assert.rejects(externs("kernel", {}, ["unguarded"]), (error) => {
      assert.ok(error instanceof VerifierError);
      assert.match(error.message, /it calls ebpf_ts_no_function of the kernel, which this kernel does not have/);
      return error instanceof EbpfError;
    });
  });
});

function hostConfig(): string {
  const boot = `/boot/config-${release()}`;
  return existsSync(boot) ? readFileSync(boot, "utf8") : gunzipSync(readFileSync("/proc/config.gz")).toString();
}

describe("addresses of the kernel's symbols", () => {
  const text = [
    "ffffffff81000000 T one",
    "ffffffff81000010 t two\t[module]",
    "ffffffff81000020 t two\t[other]",
    "ffffffff81000030 d data.llvm.123",
    "ffffffff81000040 t code.llvm.123",
    "0000000000000000 A absolute",
    "0000000000000000 T hidden",
    "ffffffff81000050 T same",
    "ffffffff81000050 t same",
    "",
  ].join("\n");

  it("by name", () => {
    const names = ["one", "two", "data", "code", "absolute", "hidden", "same", "none", "module"];
    assert.deepEqual(Object.fromEntries(parseAddresses(text, new Set(names))), {
      one: 0xffff_ffff_8100_0000n,
      two: "ambiguous",
      data: 0xffff_ffff_8100_0030n,
      absolute: 0n,
      hidden: "hidden",
      same: 0xffff_ffff_8100_0050n,
    });
  });
});
