import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import {
  haveAttachKind,
  haveHelper,
  haveKfunc,
  haveMapType,
  haveProgramType,
  type Probed,
} from "../../src/kernel/index.ts";
import { askAttachKind, kindNamed } from "../../src/kernel/probe/attach-kinds.ts";
import { askHelper, helperIdOf } from "../../src/kernel/probe/helpers.ts";
import { askMapType } from "../../src/kernel/probe/map-types.ts";
import { askProgramType } from "../../src/kernel/probe/program-types.ts";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { HelperId, MapType, ProgType } from "../../src/uapi/uapi.gen.ts";
import { changedSys } from "../kernel/kernel-fixture.ts";
import { isLinuxAtLeast, kernelOrSkip } from "../support/requirements.ts";

interface Features {
  readonly program_types: Readonly<Record<string, boolean>>;
  readonly map_types: Readonly<Record<string, boolean>>;
  readonly helpers: Readonly<Record<string, readonly string[]>>;
}

function bpftoolFeatures(): Features {
  const text = execFileSync("bpftool", ["-j", "feature", "probe", "kernel"], { encoding: "utf8", maxBuffer: 2 ** 24 });
  return JSON.parse(text) as Features;
}

/** Those of ours that are yes or no, as bpftool has them. */
function assertAgrees(ours: Probed, theirs: boolean | undefined, what: string): void {
  if (theirs === undefined || ours.outcome === "cannot tell") return;
  assert.equal(ours.outcome === "yes", theirs, what);
}

describe("kernel: probes", { skip: kernelOrSkip() }, () => {
  const features = bpftoolFeatures();

  it("of map types agree with bpftool", async () => {
    for (const [name, type] of Object.entries(MapType)) {
      if (name === "UNSPEC" || name.endsWith("_DEPRECATED")) continue;
      const ours = await haveMapType(type);
      assertAgrees(ours, features.map_types[`have_${name.toLowerCase()}_map_type`], name);
      assert.notEqual(ours.outcome, "cannot tell", `${name}: ${ours.reason}`);
      assert.match(ours.since ?? "", /^\d+\.\d+$/);
    }
    assert.deepEqual(await haveMapType(9999), { outcome: "no", since: undefined });
  });

  it("of program types agree with bpftool, and say more where it cannot tell", async () => {
    for (const [name, type] of Object.entries(ProgType)) {
      if (name === "UNSPEC") continue;
      const ours = await haveProgramType(type);
      // It takes a kernel that attaches no tracing program for one that has none.
      const theirs = name === "TRACING" ? undefined : features.program_types[`have_${name.toLowerCase()}_prog_type`];
      assertAgrees(ours, theirs, name);
      if (ours.outcome === "cannot tell") assert.match(ours.reason ?? "", /EPERM|needs root/, name);
    }
    assert.equal((await haveProgramType(ProgType.TRACING)).outcome, isLinuxAtLeast("5.5") ? "yes" : "no");
    assert.deepEqual(await haveProgramType(9999), { outcome: "no", since: undefined });
  });

  it("of helpers find none that bpftool does not", async () => {
    for (const type of ["TRACEPOINT", "XDP", "SOCKET_FILTER", "CGROUP_SKB"] as const) {
      const theirs = new Set(features.helpers[`${type.toLowerCase()}_available_helpers`]);
      // bpftool leaves out those that print, or write to other programs, unless it is asked for all.
      const left = new Set(["trace_printk", "trace_vprintk", "probe_write_user"]);
      const newest = Math.max(...[...theirs].map((name) => helperIdOf(name)));
      for (const [name, id] of Object.entries(HelperId)) {
        if (name === "unspec" || left.has(name) || id > newest) continue;
        // It does not know all that newer kernels say of those that programs of the type may not call.
        const { outcome } = await haveHelper(ProgType[type], id);
        if (outcome === "yes") assert.ok(theirs.has(`bpf_${name}`), `${type} ${name}`);
      }
    }
    assert.deepEqual(await haveHelper(ProgType.TRACEPOINT, "bpf_map_lookup_elem"), { outcome: "yes", since: "3.19" });
    assert.deepEqual(await haveHelper(ProgType.TRACEPOINT, "skb_load_bytes"), { outcome: "no", since: "4.5" });
    assert.equal((await haveHelper(ProgType.EXT, "map_lookup_elem")).outcome, "cannot tell");
    await assert.rejects(haveHelper(ProgType.XDP, "bpf_map_lokup_elem"), {
      code: "NOT_FOUND",
      message: /did you mean bpf_map_lookup_elem\?$/,
    });
  });

  it("of attach kinds answer for each kind of section", async () => {
    const outcomes = new Map<string, Probed>();
    for (const { name } of programKinds) outcomes.set(name, await haveAttachKind(name));
    for (const name of ["tracepoint", "raw_tp", "tp_btf", "uprobe", "xdp", "cgroup_skb/egress", "socket"])
      assert.equal(outcomes.get(name)?.outcome, "yes", name);
    for (const { name, since } of programKinds)
      if (!isLinuxAtLeast(since)) assert.notEqual(outcomes.get(name)?.outcome, "yes", `${name}: Linux ${since}`);
    if (isLinuxAtLeast("6.6")) assert.equal(outcomes.get("tcx/ingress")?.outcome, "yes");
    await assert.rejects(haveAttachKind("fentri"), { code: "NOT_FOUND", message: /did you mean fentry\?$/ });
  });

  it("of kernel functions", async () => {
    assert.deepEqual(await haveKfunc("ebpf_ts_no_such"), {
      outcome: "no",
      reason: "the kernel's own types have no such function (a module may)",
      since: undefined,
    });
    assert.equal((await haveKfunc("vfs_read")).outcome, "no");
    if (isLinuxAtLeast("6.2")) assert.equal((await haveKfunc("bpf_obj_new_impl")).outcome, "yes");
  });

  it("leave nothing behind", async () => {
    const open = openDescriptors().length;
    await haveMapType(MapType.HASH_OF_MAPS);
    await haveMapType(MapType.TASK_STORAGE);
    await haveProgramType(ProgType.XDP);
    await haveAttachKind("uprobe.multi");
    assert.equal(openDescriptors().length, open);
  });

  it("without the privilege cannot tell, and say why", async () => {
    const sys = changedSys(() => ({ bpf: () => -Errno.EPERM, raiseLockedMemory: () => {} }));
    const answers = [
      askMapType(sys, MapType.HASH),
      await askProgramType(sys, ProgType.XDP),
      await askHelper(sys, ProgType.XDP, 1),
      await askAttachKind(sys, kindNamed("xdp")),
    ];
    for (const { outcome, reason } of answers) {
      assert.equal(outcome, "cannot tell");
      assert.match(reason ?? "", /EPERM|needs root/);
    }
    const absent = changedSys(() => ({ bpf: () => -Errno.ENOSYS }));
    assert.deepEqual(askMapType(absent, MapType.HASH), { outcome: "no", reason: "this kernel has no bpf(2)" });
    const short = changedSys(() => ({ bpf: () => -Errno.EMFILE }));
    assert.deepEqual(askMapType(short, MapType.HASH), { outcome: "cannot tell", reason: "the kernel answers EMFILE" });
  });
});
