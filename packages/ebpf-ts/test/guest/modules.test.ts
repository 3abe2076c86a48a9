import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { load, type LoadOptions } from "../../src/load.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { asUser } from "../support/as-user.ts";
import { fixturePath } from "../support/fixtures.ts";

const open = (options: LoadOptions): Promise<Collection> =>
  load(fixturePath("modules.bpf.o"), { engine: "kernel", ...options });

describe("modules", () => {
  it("are not there before they are loaded: CO-RE finds no type of theirs", async () => {
    await using bpf = await open({ only: "knows_type" });
    assert.equal((await bpf.program("knows_type").run()).returnValue, 0);
    await assert.rejects(open({ only: "looks_up" }), { code: "NOT_SUPPORTED", message: /bpf_xdp_ct_lookup/ });
    await assert.rejects(open({ only: "on_open" }), { code: "NOT_FOUND", message: /no function veth_open/ });
  });

  describe("that are loaded", () => {
    before(() => {
      for (const name of ["veth", "nf_conntrack"]) execFileSync("modprobe", [name]);
    });

    it("have types for CO-RE", async () => {
      await using bpf = await open({ only: "knows_type" });
      assert.equal((await bpf.program("knows_type").run()).returnValue, 1);
    });

    it("have functions that programs call", async () => {
      await using bpf = await open({ only: "looks_up" });
      const { returnValue } = await bpf.program("looks_up").run({ data: new Uint8Array(64) });
      assert.equal(returnValue, Errno.ENOENT);
    });

    it("have types for an ordinary user, and functions for who may open those", () => {
      const child = fileURLToPath(new URL("./support/load-child.js", import.meta.url));
      const outcome = (program: string): string =>
        execFileSync(...asUser(["bpf", "perfmon"], process.execPath, child, "modules.bpf.o", program), {
          encoding: "utf8",
        });
      assert.equal(outcome("knows_type"), "1\n");
      assert.match(outcome("on_open"), /^NO_PRIVILEGE: .*types of module veth: .* takes root, or CAP_SYS_ADMIN\n$/);
    });

    for (const target of [undefined, "veth:veth_open"])
      it(`have functions that are watched${target === undefined ? "" : ", by the module's name too"}`, async () => {
        await using bpf = await open({ only: "on_open", programs: { on_open: { target } } });
        await bpf.attach();
        execFileSync("ip", ["link", "add", "parity0", "type", "veth", "peer", "name", "parity1"]);
        try {
          execFileSync("ip", ["link", "set", "parity0", "up"]);
          assert.equal(bpf.variable("opened").get(), 1);
        } finally {
          execFileSync("ip", ["link", "del", "parity0"]);
        }
      });
  });
});

describe("freplace", () => {
  it("is loaded for a function of another program, which it must be told of", async () => {
    await using asking = await open({ only: "asks" });
    const program = asking.program("asks");
    await using bpf = await open({
      only: "replacement",
      programs: { replacement: { target: { program, function: "answer" } } },
    });
    assert.equal(bpf.program("replacement").name, "replacement");
    await assert.rejects(open({ only: "replacement" }), {
      code: "NOT_FOUND",
      message:
        'Cannot load program replacement: it replaces a function of another program: give load() programs: { replacement: { target: { program, function: "…" } } }',
    });
    const wrong = { program, function: "question" };
    await assert.rejects(open({ only: "replacement", programs: { replacement: { target: wrong } } }), {
      code: "NOT_FOUND",
      message: /has no function question/,
    });
  });
});
