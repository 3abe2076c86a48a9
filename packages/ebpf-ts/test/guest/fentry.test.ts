import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { load } from "../../src/load.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { asUser } from "../support/as-user.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { seenBy, unlinkat, watching, withFile } from "./support/calls.ts";

const ENOENT = -BigInt(Errno.ENOENT);

describe("fentry", () => {
  it("sees each call of a function", async () => {
    const { calls, returns } = await seenBy("on_fentry", undefined, ({ info }) =>
      assert.equal(info.type, LinkType.TRACING),
    );
    assert.deepEqual([calls, returns], [3n, 0n]);
  });

  it("sees what a function returns (fexit)", async () => {
    const { returns, returned } = await seenBy("on_fexit");
    assert.deepEqual([returns, returned], [3n, ENOENT]);
  });

  it("is attached by an ordinary user with CAP_BPF and CAP_PERFMON", () => {
    const child = fileURLToPath(new URL("./support/load-child.js", import.meta.url));
    const words = [process.execPath, child, "kernel-functions.bpf.o", "on_fentry", "attach"];
    assert.equal(execFileSync(...asUser(["bpf", "perfmon"], ...words), { encoding: "utf8" }), "attached\n");
    assert.match(
      execFileSync(...asUser(["bpf"], ...words), { encoding: "utf8" }),
      /^NO_PRIVILEGE: .*CAP_PERFMON is missing/,
    );
  });

  it("may sleep (fentry.s)", { skip: linuxOrSkip("6.3") }, async () => {
    await using bpf = await load(watching("on_sleepable_fentry"), { engine: "kernel" });
    await bpf.attach();
    await bpf.program("on_sleepable_fentry").run();
    assert.equal(bpf.variable("calls").get(), 1n);
  });

  it("answers in the place of a function that may fail (fmod_ret)", () =>
    withFile(async (path) => {
      await using bpf = await load(watching("on_fmod_ret"), { engine: "kernel" });
      const link = await bpf.program("on_fmod_ret").attach();
      assert.equal(unlinkat(path), -1);
      await link.detach();
      assert.equal(unlinkat(path), 0);
      assert.equal(bpf.variable("calls").get(), 1n);
    }));

  it("has a cookie", async () => {
    const { cookie } = await seenBy("on_fentry", { kind: "fentry", name: "do_utimes", cookie: 7 });
    assert.equal(cookie, 7n);
  });

  it("is attached once, and only where it was loaded for", async () => {
    await using bpf = await load(watching("on_fentry"), { engine: "kernel" });
    await bpf.attach();
    await assert.rejects(bpf.program("on_fentry").attach(), { code: "BUSY" });
    await assert.rejects(
      bpf.program("on_fentry").attach({ kind: "fentry", name: "user_statfs" }),
      /it was loaded for do_utimes/,
    );
  });

  it("names a function that does not exist", async () => {
    await assert.rejects(load(watching("on_misspelt"), { engine: "kernel" }), {
      code: "NOT_FOUND",
      message: /has no function do_utimess, did you mean do_utimes\?$/,
    });
  });
});
