import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import { haveAttachKind } from "../../src/kernel/index.ts";
import type { Link } from "../../src/link/link.ts";
import { load } from "../../src/load.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { readSpec } from "../kernel/kernel-fixture.ts";
import { fixturePath } from "../support/fixtures.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { unlinkat } from "./support/calls.ts";

type Use = (count: (variable: string) => unknown, link: Link) => Promise<void> | void;

async function watch(name: string, use: Use, target?: AttachTarget): Promise<void> {
  const variables = { target: process.pid };
  await using bpf = await load(fixturePath("newest.bpf.o"), { engine: "kernel", only: [name], variables });
  const link = await bpf.program(name).attach(target);
  await use((variable) => bpf.variable(variable).get(), link);
}

/** The kernel calls bpf_fentry_test1, with 1, and its like when such a program is run by hand. */
async function callTestFunctions(): Promise<void> {
  await using calling = await load(fixturePath("kernel-functions.bpf.o"), {
    engine: "kernel",
    only: ["on_sleepable_fentry"],
  });
  await calling.program("on_sleepable_fentry").run();
}

describe("fsession", { skip: linuxOrSkip("7.0") }, () => {
  it("sees where a function begins, and where it returns", () =>
    watch("on_session", async (count) => {
      await callTestFunctions();
      assert.equal(count("sessions"), 2n);
    }));
});

describe("many typed functions by one link", { skip: linuxOrSkip("7.2") }, () => {
  const two = ["bpf_fentry_test1", "bpf_fentry_test2"];

  it("are those that fit a pattern (fentry.multi)", () =>
    watch("on_many", async (count, { info }) => {
      await callTestFunctions();
      const { attachType, functions } = info.details;
      assert.deepEqual([info.type, attachType], [LinkType.TRACING_MULTI, "trace_fentry_multi"]);
      assert.ok(Number(functions) >= 8, `${String(functions)} functions`);
      assert.ok(Number(count("calls")) >= 8, `${String(count("calls"))} calls`);
    }));

  it("are told by name, each with a cookie", () =>
    watch(
      "on_many",
      async (count, { info }) => {
        await callTestFunctions();
        assert.equal(info.details["functions"], 2);
        assert.deepEqual([count("calls"), count("cookies"), count("first_argument")], [2n, 5n + 2n ** 40n, 1n]);
      },
      { kind: "fentry_multi", symbols: two, cookies: [5, 2n ** 40n] },
    ));

  it("tell what they return (fexit.multi)", () =>
    watch("on_many_returns", async (count) => {
      await callTestFunctions();
      assert.deepEqual([count("calls"), count("returned")], [1n, 2n]);
    }));

  it("are seen at both ends (fsession.multi)", () =>
    watch(
      "on_many_sessions",
      async (count) => {
        await callTestFunctions();
        assert.equal(count("sessions"), 4n);
      },
      { kind: "fentry_multi", symbols: two },
    ));

  it("may be watched by programs that sleep (fentry.multi.s)", () =>
    watch("on_many_asleep", async (count) => {
      await callTestFunctions();
      assert.equal(count("calls"), 1n);
    }));

  it("may be a module's, which the section names", async () => {
    // Not that of the object: other files of this suite load it as well.
    const spec = readSpec("newest");
    spec.programs.find(({ name }) => name === "on_module")!.attachTo = "nothing:veth_ope*";
    await assert.rejects(load(spec, { engine: "kernel", only: ["on_module"] }), {
      code: "NOT_FOUND",
      message: "Cannot load program on_module: this kernel has loaded no module nothing with types",
    });
    execFileSync("modprobe", ["veth"]);
    await watch("on_module", (count) => {
      execFileSync("ip", ["link", "add", "many0", "type", "veth", "peer", "name", "many1"]);
      try {
        execFileSync("ip", ["link", "set", "many0", "up"]);
        assert.equal(count("calls"), 1n);
      } finally {
        execFileSync("ip", ["link", "del", "many0"]);
      }
    });
  });

  it("are refused by name where there is none, or where a program was loaded for others", async () => {
    const refuses = (message: RegExp, target: AttachTarget): Promise<void> =>
      assert.rejects(
        watch("on_many", () => {}, target),
        { message },
      );
    const kind = "fentry_multi";
    await refuses(/no function bpf_fentry_tst1 with types, did you mean bpf_fentry_test1\?$/, {
      kind,
      symbols: ["bpf_fentry_tst1"],
    });
    await refuses(/no function with types that can be traced and fits nothing_like_it\*$/, {
      kind,
      pattern: "nothing_like_it*",
    });
    await refuses(/to functions of module veth: it was loaded for those of the kernel itself$/, {
      kind,
      pattern: "veth:veth_*",
    });
  });

  it("are told to be there (haveAttachKind)", async () => {
    for (const name of ["fentry.multi", "fexit.multi", "fsession.multi", "fentry.multi.s"])
      assert.equal((await haveAttachKind(name)).outcome, "yes", name);
  });
});

describe("tracepoints", { skip: linuxOrSkip("7.2") }, () => {
  const sections = { on_tracepoint: "tp.s", on_raw_tracepoint: "raw_tp.s", on_typed_tracepoint: "tp_btf.s" };
  for (const [name, section] of Object.entries(sections)) {
    it(`have programs that sleep (${section})`, () =>
      watch(name, async (count) => {
        for (let call = 0; call < 3; call += 1) unlinkat("/nowhere/at/all");
        assert.deepEqual([count("calls"), count("copied")], [3n, 3n]);
      }));
  }
});
