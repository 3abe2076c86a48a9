import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { haveAttachKind, haveHelper, haveMapType, haveProgramType, type Probed } from "../../src/kernel/index.ts";
import { mapKinds } from "../../src/kinds/map-kinds.ts";
import { programKinds } from "../../src/kinds/program-kinds.ts";
import { HelperId, ProgType } from "../../src/uapi/uapi.gen.ts";
import { isLinuxAtLeast } from "../support/requirements.ts";

/** What is newer than the kernel is not there, and nothing is there before its time. */
function assertTimely(name: string, { outcome, since }: Probed): void {
  if (since !== undefined && !isLinuxAtLeast(since)) assert.notEqual(outcome, "yes", `${name}: Linux ${since}`);
}

describe("probes", () => {
  it("find all that can be attached where nothing is locked down", async () => {
    for (const name of ["kprobe", "kretprobe", "uprobe", "fentry", "fexit", "fmod_ret", "lsm", "tp_btf", "iter", "xdp"])
      assert.deepEqual((await haveAttachKind(name)).outcome, "yes", name);
    for (const type of [ProgType.TRACING, ProgType.LSM, ProgType.EXT, ProgType.STRUCT_OPS])
      assert.equal((await haveProgramType(type)).outcome, "yes");
  });

  it("find nothing before its time", async () => {
    for (const { name } of programKinds) assertTimely(name, await haveAttachKind(name));
    for (const type of mapKinds.keys()) assertTimely(`map type ${type}`, await haveMapType(type));
    for (const [name, id] of Object.entries(HelperId)) {
      if (name !== "unspec") assertTimely(name, await haveHelper(ProgType.TRACING, id));
    }
  });

  it("find the helpers of LSM programs", async () => {
    assert.equal((await haveHelper(ProgType.LSM, "bpf_d_path")).outcome, "yes");
    assert.equal((await haveHelper(ProgType.LSM, "bpf_xdp_adjust_head")).outcome, "no");
  });
});
