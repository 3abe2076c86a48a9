import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { join } from "node:path";
import { inspect } from "node:util";
import { makeGroup, ownCgroup, removeGroup } from "../../src/engine/kernel/scope/own-cgroup.ts";
import { cgroupId, moveToCgroup } from "../../src/host/cgroup/cgroup-files.ts";
import { openPinnedLink } from "../../src/index.ts";
import type { AttachOrder } from "../../src/attach/order.ts";
import { openNamed } from "../../src/host/named-files.ts";
import { closeFile } from "../../src/host/open-files.ts";
import { Descriptor, openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { AttachType, Command, LinkType } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs, type Mounted } from "../support/bpf-file-systems.ts";
import { networkOrSkip } from "../support/own-network.ts";
import { cgroupsOrSkip, isLinuxAtLeast, linuxOrSkip } from "../support/requirements.ts";
import { connectTo, sendDatagram } from "../support/sockets.ts";
import { until } from "./kernel-fixture.ts";
import { loadNet, runsOf } from "./net-fixture.ts";

/** Ids of programs, in the order in which they run (BPF_PROG_QUERY). */
function attachedTo(path: string, attachType: number): number[] {
  const folder = new Descriptor(openNamed(path, "read"), path, closeFile);
  try {
    const ids = new Uint32Array(8);
    const query = new KernelStruct(BpfAttr.query, {
      target_fd: folder.fd,
      attach_type: attachType,
      prog_ids: ids,
      prog_cnt: ids.length,
    });
    assert.equal(linuxSys().bpf(Command.PROG_QUERY, query), 0);
    return [...ids.subarray(0, query.values.prog_cnt)];
  } finally {
    folder.close();
  }
}

describe("kernel: programs of cgroups", { skip: networkOrSkip() || cgroupsOrSkip() }, () => {
  let bpffs: Mounted;
  let home: string;
  let path: string;
  before(() => {
    bpffs = mountBpffs();
    home = ownCgroup();
    path = makeGroup();
    moveToCgroup(path, process.pid);
  });
  after(() => {
    moveToCgroup(home, process.pid);
    assert.equal(removeGroup(path), undefined);
    bpffs.unmount();
  });

  it("see the packets of the direction that the section says, or that is told", async () => {
    await using bpf = await loadNet(["packets", "packets_out"]);
    const received = await bpf.program("packets").attach({ kind: "cgroup", path, direction: "ingress" });
    const sent = await bpf.program("packets_out").attach({ kind: "cgroup", path });
    sendDatagram();
    await until(() => runsOf(bpf, "packets") > 0 && runsOf(bpf, "packets_out") > 0, "both programs ran");
    const where = { path, cgroupId: Number(cgroupId(path)) };
    assert.deepEqual(received.info.details, { ...where, attachType: "cgroup_inet_ingress" });
    assert.deepEqual(sent.info.details, { ...where, attachType: "cgroup_inet_egress" });
    assert.equal(sent.info.type, LinkType.CGROUP);
    await sent.detach();
    const before = runsOf(bpf, "packets_out");
    sendDatagram();
    assert.equal(runsOf(bpf, "packets_out"), before);
  });

  it("decide on connections, until they are detached", async () => {
    await using bpf = await loadNet(["connects"]);
    const link = await bpf.program("connects").attach({ kind: "cgroup", path });
    assert.equal(connectTo(7), -Errno.EPERM);
    assert.equal(link.info.details["attachType"], "cgroup_inet4_connect");
    await link.detach();
    assert.equal(connectTo(7), -Errno.ECONNREFUSED);
    assert.equal(runsOf(bpf, "connects"), 1);
  });

  it("see what TCP does (sockops)", async () => {
    await using bpf = await loadNet(["operations"]);
    await bpf.program("operations").attach({ kind: "cgroup", path });
    assert.equal(connectTo(7), -Errno.ECONNREFUSED);
    assert.ok(runsOf(bpf, "operations") > 0);
  });

  it("run in the order that is told", { skip: linuxOrSkip("6.17") }, async () => {
    await using bpf = await loadNet(["packets", "packets_out"]);
    const [first, second] = [bpf.program("packets"), bpf.program("packets_out")];
    const where = { kind: "cgroup", path, direction: "egress" } as const;
    const link = await first.attach(where);
    const ids = { first: first.info.id, second: second.info.id };
    const orders: readonly [order: AttachOrder, isBefore: boolean][] = [
      [{}, false],
      [{ before: { link: link.info.id } }, true],
      [{ after: { link: link.info.id } }, false],
      [{ before: link }, true],
      [{ after: { link } }, false],
      [{ before: "all" }, true],
      [{ after: "all" }, false],
    ];
    for (const [order, isBefore] of orders) {
      const other = await second.attach({ ...where, ...order });
      const expected = isBefore ? [ids.second, ids.first] : [ids.first, ids.second];
      assert.deepEqual(attachedTo(path, AttachType.CGROUP_INET_EGRESS), expected, inspect(order));
      await other.detach();
    }
    await assert.rejects(second.attach({ ...where, before: { link: 0x7fff_fff0 } }), {
      code: "NOT_FOUND",
      message: /come before or after is not there/,
    });
    await assert.rejects(second.attach({ ...where, before: "all", after: "all" }), TypeError);
    await assert.rejects(second.attach({ ...where, before: { program: ids.first } }), TypeError);
    await assert.rejects(second.attach({ ...where, before: { program: first } }), TypeError);
    assert.deepEqual(attachedTo(path, AttachType.CGROUP_INET_EGRESS), [ids.first]);
  });

  it("are told, and attached only where nobody has come in between", async () => {
    await using bpf = await loadNet(["packets", "packets_out"]);
    const [first, second] = [bpf.program("packets"), bpf.program("packets_out")];
    const where = { kind: "cgroup", path, direction: "egress" } as const;
    const before = await first.query(where);
    assert.deepEqual(before.programs, []);
    // Distributions take it into older kernels.
    if (before.revision === undefined) {
      assert.ok(!isLinuxAtLeast("6.17"));
      const refused = { code: "NOT_SUPPORTED", minimumVersion: "6.17", message: /does not count those of cgroups/ };
      await assert.rejects(first.attach({ ...where, revision: 1 }), refused);
      assert.deepEqual((await first.query(where)).programs, []);
      return;
    }
    const link = await first.attach({ ...where, revision: before.revision });
    assert.deepEqual(link.target, where);
    await assert.rejects(second.attach({ ...where, revision: before.revision }), {
      code: "STALE",
      errnoName: "ESTALE",
      message: /^Cannot attach program packets_out: .* query\(\) it again \(ESTALE\)$/,
    });
    const { revision, programs } = await second.query(where);
    assert.deepEqual(programs, [{ program: first.info.id, link: undefined }]);
    const other = await second.attach({ ...where, before: link, revision });
    const ids = (await second.query(where)).programs.map(({ program }) => program);
    assert.deepEqual(ids, attachedTo(path, AttachType.CGROUP_INET_EGRESS));
    assert.deepEqual(ids, [second.info.id, first.info.id]);
    await other.detach();
    await link.detach();
    // Those of interfaces begin anew.
    const none = await second.query(where);
    assert.deepEqual(none.programs, []);
    assert.ok(none.revision! > revision!);
  });

  it("are replaced in place, and taken up again from a pin", async () => {
    await using bpf = await loadNet(["packets", "packets_out"]);
    const link = await bpf.program("packets").attach({ kind: "cgroup", path, direction: "egress" });
    await link.update(bpf.program("packets_out"));
    sendDatagram();
    await until(() => runsOf(bpf, "packets_out") > 0, "the second program ran");
    assert.equal(runsOf(bpf, "packets"), 0);
    const pin = join(bpffs.path, "cgroup");
    link.pin(pin);
    await link.close();
    const again = await openPinnedLink(pin);
    assert.deepEqual(again.target, { kind: "cgroup", path, direction: "egress" });
    again.detach();
  });

  it("say what is wrong with where they are to go", async () => {
    await using bpf = await loadNet(["packets", "packets_out"]);
    const opened = openDescriptors().length;
    const [either, out] = [bpf.program("packets"), bpf.program("packets_out")];
    await assert.rejects(either.attach({ kind: "cgroup", path }), { name: "TypeError", message: /give direction/ });
    await assert.rejects(out.attach({ kind: "cgroup", path, direction: "ingress" }), {
      name: "TypeError",
      message: /section says otherwise/,
    });
    await assert.rejects(out.attach({ kind: "cgroup", path: "/tmp" }), {
      code: "NOT_FOUND",
      message: /is no cgroup/,
    });
    await assert.rejects(out.attach({ kind: "cgroup", path: "/nowhere" }), {
      code: "NOT_FOUND",
      message: /there is no folder/,
    });
    await assert.rejects(out.attach({ kind: "cgroup", path: `${path}/cgroup.procs` }), { code: "NOT_FOUND" });
    await assert.rejects(out.attach(), { code: "NOT_FOUND", message: /kind: "cgroup", path/ });
    assert.deepEqual(await bpf.attach(), []);
    assert.equal(openDescriptors().length, opened);
  });
});
