import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, it } from "node:test";
import { load, type LoadOptions } from "../../src/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, tracefsOrSkip } from "../support/requirements.ts";

async function loaded(object: string, options: LoadOptions): Promise<string[]> {
  await using bpf = await load(fixturePath(`${object}.bpf.o`), { engine: "kernel", ...options });
  return [...bpf.programs.keys()];
}

describe("load(): which programs", { skip: kernelOrSkip() }, () => {
  it("only those that are named or match", async () => {
    assert.deepEqual(await loaded("globals", { only: "*atomics" }), ["atomics", "narrow_atomics"]);
    assert.deepEqual(await loaded("globals", { only: ["touch", "narrow_?tomics"] }), ["touch", "narrow_atomics"]);
    assert.deepEqual(await loaded("globals", { without: ["*atomics"] }), ["touch"]);
    assert.deepEqual(await loaded("globals", { only: "*", without: "touch" }), ["atomics", "narrow_atomics"]);
  });

  it("loads a named one whatever its section says, and a matching one as it says", async () => {
    assert.deepEqual(await loaded("net", { only: "xdp_*" }), []);
    assert.deepEqual(await loaded("net", { only: "xdp_first" }), ["xdp_first"]);
    assert.deepEqual(await loaded("net", { programs: { "xdp_*": { load: true }, xdp_first: { load: false } } }), [
      "xdp_second",
      "xdp_frags",
    ]);
  });

  it("refuses names and patterns that no program has", async () => {
    const known = "the object has touch, atomics, narrow_atomics";
    const refused = async (options: LoadOptions, message: string): Promise<void> =>
      assert.rejects(loaded("globals", options), { code: "NOT_FOUND", message });
    await refused({ only: "touched" }, `Cannot find program touched: ${known}, did you mean touch?`);
    await refused({ without: "x*" }, `Cannot find a program that matches x*: ${known}`);
    await refused({ programs: { x: {} } }, `Cannot find program x: ${known}`);
    await assert.rejects(loaded("globals", { programs: { touch: { log: 1 } as never } }), TypeError);
    await assert.rejects(loaded("globals", { only: [1] as never }), TypeError);
  });

  it("holds on the embedded engine too", async () => {
    assert.deepEqual(await loaded("globals", { engine: "embedded", only: "touch" }), ["touch"]);
  });
});

describe("load(): what the verifier writes", { skip: kernelOrSkip() }, () => {
  it("is there when it was asked for, and how much it looked at in any case", async () => {
    await using bpf = await load(fixturePath("globals.bpf.o"), {
      engine: "kernel",
      programs: { touch: { logLevel: 2 }, atomics: { logLevel: 4 } },
    });
    const [touch, atomics, other] = ["touch", "atomics", "narrow_atomics"].map((name) => bpf.program(name));
    assert.match(touch!.verifierLog, /\(95\) exit[^]*processed \d+ insns/);
    assert.doesNotMatch(atomics!.verifierLog, /exit/);
    const [, processed] = /processed (\d+) insns/.exec(atomics!.verifierLog)!;
    assert.equal(atomics!.info.verifiedInstructions, Number(processed));
    assert.equal(other!.verifierLog, "");
    assert.ok(other!.info.verifiedInstructions! > 0);
  });

  it("says why a program is refused, whatever was asked for", async () => {
    for (const logLevel of [1, 2, 4]) {
      const refused = loaded("bad/unknown-helper", { programs: { "*": { logLevel } } });
      await assert.rejects(refused, { code: "VERIFIER", message: /this kernel has no helper 9999/ });
    }
  });
});

describe("attach() of a collection", { skip: tracefsOrSkip() }, () => {
  it("leaves alone what it is told to, and names what it cannot attach", async () => {
    const findings: string[] = [];
    const listen = (message: unknown): void => void findings.push((message as { finding: string }).finding);
    subscribe("ebpf:finding", listen);
    try {
      await using bpf = await load(fixturePath("links.bpf.o"), {
        engine: "kernel",
        scope: "command",
        programs: { "*": { attach: false }, first: { attach: true }, anywhere: { attach: true } },
      });
      const links = await bpf.attach();
      assert.deepEqual(
        links.map(({ program }) => program),
        ["first"],
      );
      assert.deepEqual([...bpf.leftAlone.keys()], ["anywhere"]);
      assert.match(bpf.leftAlone.get("anywhere")!, /^Cannot attach program anywhere: its section does not name/);
      assert.deepEqual(findings, [bpf.leftAlone.get("anywhere")]);
    } finally {
      unsubscribe("ebpf:finding", listen);
    }
  });
});

describe("load(): what a program attaches to", { skip: kernelOrSkip() }, () => {
  it("may be told in place of its section", async () => {
    const target = "sys_exit";
    await using bpf = await load(fixturePath("kernel-attach.bpf.o"), {
      engine: "kernel",
      only: "on_tp_btf",
      programs: { on_tp_btf: { target } },
    });
    assert.equal(bpf.program("on_tp_btf").name, "on_tp_btf");
    assert.equal(bpf.spec.programs.find(({ name }) => name === "on_tp_btf")!.attachTo, target);
  });

  it("must be there: near names are told", async () => {
    const refused = (target: string): Promise<unknown> =>
      loaded("kernel-attach", { only: "on_tp_btf", programs: { on_tp_btf: { target } } });
    await assert.rejects(refused("sys_entr"), {
      code: "NOT_FOUND",
      message: "Cannot load program on_tp_btf: this kernel has no tracepoint sys_entr, did you mean sys_enter?",
    });
    await assert.rejects(
      refused(""),
      /^TypeError: The option target of program on_tp_btf of load\(\) must be a name, not ""$/,
    );
    const other = loaded("links", { programs: { raw: { target: "sys_enter" } } });
    await assert.rejects(other, /is for programs that are loaded for one place .*, not for raw_tp$/);
    await assert.rejects(refused("no_such_module:sys_enter"), { code: "NOT_FOUND", message: /no_such_module/ });
  });
});
