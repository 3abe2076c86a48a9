/** Cookies of programs at raw and typed tracepoints, which they read at a real event. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { isLinuxAtLeast, kernelOrSkip, linuxOrSkip } from "../support/requirements.ts";

const cookie = 2n ** 64n - 3n;
const kinds = { on_raw: "raw_tracepoint", on_typed: "tp_btf" } as const;

describe("kernel: cookies of tracepoints", { skip: kernelOrSkip() || linuxOrSkip("6.10") }, () => {
  for (const [name, variable] of [
    ["on_raw", "raw_cookie"],
    ["on_typed", "typed_cookie"],
  ] as const) {
    it(`of ${name}, and none where none was told`, async () => {
      await using bpf = await load(fixturePath("cookies.bpf.o"), {
        engine: "kernel",
        variables: { only_tgid: process.pid },
      });
      const program = bpf.program(name);
      const link = await program.attach({ kind: kinds[name], name: "sys_enter", cookie });
      process.kill(process.pid, 0);
      assert.equal(bpf.variable(variable).get(), cookie);
      if (isLinuxAtLeast("6.16")) assert.equal(link.info.details["cookie"], `0x${cookie.toString(16)}`);
      await link.detach();
      await program.attach();
      process.kill(process.pid, 0);
      assert.equal(bpf.variable(variable).get(), 0n);
    });
  }
});
