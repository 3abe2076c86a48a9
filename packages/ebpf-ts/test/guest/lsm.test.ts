import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { unlinkat, watching, withFile } from "./support/calls.ts";

describe("lsm", () => {
  it("denies what is asked, until it is detached", () =>
    withFile(async (path) => {
      await using bpf = await load(watching("on_lsm"), { engine: "kernel" });
      const link = await bpf.program("on_lsm").attach();
      assert.equal(unlinkat(path), -1);
      assert.equal(bpf.variable("calls").get(), 1n);
      assert.ok(existsSync(path));
      await link.detach();
      assert.equal(unlinkat(path), 0);
      assert.ok(!existsSync(path));
    }));

  it("may sleep, and has a cookie (lsm.s)", () =>
    withFile(async (path) => {
      await using bpf = await load(watching("on_sleepable_lsm"), { engine: "kernel" });
      await bpf.program("on_sleepable_lsm").attach({ kind: "lsm", name: "inode_unlink", cookie: 9n });
      assert.equal(unlinkat(path), 0);
      assert.deepEqual([bpf.variable("calls").get(), bpf.variable("cookie").get()], [1n, 9n]);
    }));

  it("names a hook that does not exist", async () => {
    await assert.rejects(load(watching("on_misspelt_hook"), { engine: "kernel" }), {
      code: "NOT_FOUND",
      message: /has no LSM hook path_unlik, did you mean path_unlink\?$/,
    });
  });
});
