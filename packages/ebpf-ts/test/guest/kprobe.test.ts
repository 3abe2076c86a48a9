import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { seenBy, watching } from "./support/calls.ts";

const ENOENT = -BigInt(Errno.ENOENT);

describe("kprobe", () => {
  it("sees each call of a function", async () => {
    const { calls, returns } = await seenBy("on_kprobe");
    assert.deepEqual([calls, returns], [3n, 0n]);
  });

  it("sees what a function returns (kretprobe)", async () => {
    const { calls, returns, returned } = await seenBy("on_kretprobe");
    assert.deepEqual([calls, returns, returned], [0n, 3n, ENOENT]);
  });

  it("is told where: another function, an instruction, a cookie", async () => {
    const symbol = "__x64_sys_utimensat";
    assert.equal(
      (await seenBy("on_kprobe", { kind: "kprobe", symbol, cookie: 0xfeed_face_cafe_beefn })).cookie,
      0xfeed_face_cafe_beefn,
    );
    assert.equal((await seenBy("on_kprobe", { kind: "kprobe", symbol, offset: 0 })).calls, 3n);
    assert.equal((await seenBy("on_kprobe", { kind: "kprobe", symbol, returns: true })).calls, 3n);
  });

  it("says of its link where it is", { skip: linuxOrSkip("6.6") }, async () => {
    await seenBy("on_kprobe", undefined, ({ info }) => {
      const { address, ...others } = info.details;
      assert.equal(info.type, LinkType.PERF_EVENT);
      assert.deepEqual(others, { symbol: "do_utimes", offset: 0, missed: 0 });
      assert.match(String(address), /^0xffffffff[\da-f]{8}$/);
    });
  });

  it("names what cannot be probed", async () => {
    await using bpf = await load(watching("on_kprobe"), { engine: "kernel" });
    const refused = async (symbol: string, offset: number, expected: object): Promise<void> =>
      assert.rejects(bpf.program("on_kprobe").attach({ kind: "kprobe", symbol, offset }), expected);
    await refused("do_utimess", 0, {
      code: "NOT_FOUND",
      message: /no function do_utimess, did you mean do_utimes\?$/,
    });
    await refused("do_utimes", 1, { message: /no instruction begins at do_utimes\+0x1|lets nobody probe/ });
    await refused("do_utimes", 0x100_0000, {
      errnoName: "EINVAL",
      message: /lets nobody probe do_utimes\+0x1000000/,
    });
  });

  it("sees system calls by their name (ksyscall)", async () => {
    assert.equal((await seenBy("on_ksyscall")).calls, 3n);
    const { returns, returned } = await seenBy("on_kretsyscall");
    assert.deepEqual([returns, returned], [3n, ENOENT]);
  });
});

describe("kprobe by tracefs, as before Linux 4.17", () => {
  const sources = "/sys/bus/event_source/devices";
  const events = "/sys/kernel/tracing/kprobe_events";
  const entries = (): string => readFileSync(events, "utf8");
  before(() => execFileSync("mount", ["-t", "tmpfs", "none", sources]));
  after(() => execFileSync("umount", [sources]));

  it("sees calls and what they return, and leaves no entry, nor takes away another's", async () => {
    execFileSync("sh", ["-c", `echo 'p:others/probe user_statfs' >> ${events}`]);
    const others = entries();
    try {
      const { calls } = await seenBy("on_kprobe", undefined, () => {
        assert.match(entries(), /^p:kprobes\/ebpf_ts_\d+_do_utimes_0x0_\d+ do_utimes/m);
      });
      assert.equal(calls, 3n);
      assert.deepEqual((await seenBy("on_kretprobe")).returned, ENOENT);
      assert.equal(entries(), others);
    } finally {
      execFileSync("sh", ["-c", `echo '-:others/probe' >> ${events}`]);
    }
  });

  it("names a function that does not exist, and leaves nothing", async () => {
    await using bpf = await load(watching("on_kprobe"), { engine: "kernel" });
    await assert.rejects(bpf.program("on_kprobe").attach({ kind: "kprobe", symbol: "do_utimess" }), {
      code: "NOT_FOUND",
      message: /no function do_utimess, did you mean do_utimes\?$/,
    });
    assert.equal(entries(), "");
  });
});

describe("kprobe.multi", { skip: linuxOrSkip("5.18") }, () => {
  it("sees each call of all functions that a pattern fits", async () => {
    await seenBy("on_kprobe_multi", undefined, ({ info }) => assert.equal(info.type, LinkType.KPROBE_MULTI));
    const { calls } = await seenBy("on_kprobe_multi", { kind: "kprobe_multi", pattern: "do_utime?" });
    assert.equal(calls, 3n);
  });

  it("sees what they return, with a cookie for each (kretprobe.multi)", async () => {
    const symbols = ["user_statfs", "do_utimes"];
    const { returns, returned, cookie } = await seenBy("on_kretprobe_multi", {
      kind: "kprobe_multi",
      symbols,
      cookies: [1, 0xffff_ffff_ffff_fffen],
    });
    assert.deepEqual([returns, returned, cookie], [3n, ENOENT, 0xffff_ffff_ffff_fffen]);
  });

  it("says of its link how many there are", { skip: linuxOrSkip("6.6") }, async () => {
    const symbols = ["user_statfs", "do_utimes"];
    await seenBy("on_kprobe_multi", { kind: "kprobe_multi", symbols }, ({ info }) => {
      assert.deepEqual(info.details, { functions: 2, missed: 0, at: "entry" });
    });
  });

  it("sees both ends of a call with one program (kprobe.session)", { skip: linuxOrSkip("6.10") }, async () => {
    const { calls, returned } = await seenBy("on_kprobe_session");
    assert.deepEqual([calls, returned], [6n, ENOENT]);
  });

  it("names what fits nothing", async () => {
    await using bpf = await load(watching("on_kprobe_multi"), { engine: "kernel" });
    const refused = (target: { pattern: string } | { symbols: string[] }, message: RegExp): Promise<void> =>
      assert.rejects(bpf.program("on_kprobe_multi").attach({ kind: "kprobe_multi", ...target }), {
        code: "NOT_FOUND",
        message,
      });
    await refused({ pattern: "no_such_*" }, /no function that can be traced and fits no_such_\*$/);
    await refused({ symbols: ["do_utimes", "do_utimess"] }, /no function do_utimess, did you mean do_utimes\?$/);
  });
});
