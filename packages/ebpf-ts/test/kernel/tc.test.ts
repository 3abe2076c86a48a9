import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { join } from "node:path";
import type { TcTarget } from "../../src/attach/targets/net/tc.ts";
import { openPinnedLink, type QueriedTarget } from "../../src/index.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { structBytes } from "../../src/sys/net/netlink-message.ts";
import { TrafficControlMessage } from "../../src/uapi/structs.gen.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command, LinkType, NetlinkFlag, NetlinkType, TcAttr } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs, type Mounted } from "../support/bpf-file-systems.ts";
import { CAP_NET_ADMIN, withoutCapability } from "../support/capabilities.ts";
import { networkOrSkip } from "../support/own-network.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { sendDatagram } from "../support/sockets.ts";
import { changedSys, until } from "./kernel-fixture.ts";
import { loadNet, runsOf } from "./net-fixture.ts";

const ingress = { kind: "tc", interface: "lo", direction: "ingress" } as const;
const clsact = { ...ingress, through: "clsact" } as const;

/** How many queueing disciplines of that kind the loopback interface has. */
function qdiscs(kind: string): number {
  const body = structBytes(TrafficControlMessage, { tcm_ifindex: 1 });
  const { messages } = linuxSys().netlink({ type: NetlinkType.GETQDISC, flags: NetlinkFlag.DUMP, body });
  const name = `${kind}\0`;
  return messages.filter(({ body }) => Buffer.from(body).includes(name)).length;
}

describe("kernel: tc", { skip: networkOrSkip() }, () => {
  let bpffs: Mounted;
  before(() => (bpffs = mountBpffs()));
  after(() => bpffs.unmount());

  describe("tcx", { skip: linuxOrSkip("6.6") }, () => {
    it("runs for what is received and what is sent, as the section says or as it is told", async () => {
      const names = ["tc_ingress", "tc_egress", "tc_anywhere"];
      await using bpf = await loadNet(names);
      const [first, second] = [
        await bpf.program("tc_ingress").attach({ kind: "tc", interface: "lo" }),
        await bpf.program("tc_egress").attach({ kind: "tc", interface: 1 }),
      ];
      await bpf.program("tc_anywhere").attach(ingress);
      sendDatagram();
      for (const name of names) await until(() => runsOf(bpf, name) > 0, `${name} ran`);
      assert.equal(first.info.type, LinkType.TCX);
      assert.deepEqual(first.info.details, { interface: "lo", ifindex: 1, attachType: "tcx_ingress" });
      assert.equal(second.info.details["attachType"], "tcx_egress");
      await second.detach();
      const before = runsOf(bpf, "tc_egress");
      sendDatagram();
      assert.equal(runsOf(bpf, "tc_egress"), before);
    });

    it("has an order", async () => {
      await using bpf = await loadNet(["tc_egress", "tc_anywhere"]);
      const last = await bpf.program("tc_egress").attach({ kind: "tc", interface: "lo" });
      const other = bpf.program("tc_anywhere");
      const egress = { kind: "tc", interface: "lo", direction: "egress" } as const;
      const ranFirst = async (target: TcTarget): Promise<boolean> => {
        const link = await other.attach(target);
        const [before, own] = [runsOf(bpf, "tc_egress"), runsOf(bpf, "tc_anywhere")];
        sendDatagram();
        await until(() => runsOf(bpf, "tc_egress") > before, "a packet was sent");
        await link.detach();
        return runsOf(bpf, "tc_anywhere") > own;
      };
      assert.equal(await ranFirst(egress), false, "after a program that lets nothing come after it");
      assert.equal(await ranFirst({ ...egress, before: "all" }), true);
      assert.equal(await ranFirst({ ...egress, before: { link: last.info.id } }), true);
      assert.equal(await ranFirst({ ...egress, before: { program: last.info.programId } }), true);
      assert.equal(await ranFirst({ ...egress, after: { link: last.info.id } }), false);
      assert.equal(await ranFirst({ ...egress, before: last }), true);
      assert.equal(await ranFirst({ ...egress, before: { program: bpf.program("tc_egress") } }), true);
      assert.equal(await ranFirst({ ...egress, after: last }), false);
      const ordered = await other.attach({ ...egress, before: last });
      assert.deepEqual(ordered.target, { ...egress, before: { link: last.info.id } });
      await ordered.detach();
      await assert.rejects(other.attach({ ...egress, before: { link: 0xffff_fff0 } }), {
        code: "NOT_FOUND",
        message: /before or after is not there/,
      });
    });

    it("is told, and attached only where nobody has come in between", async () => {
      await using bpf = await loadNet(["tc_ingress", "tc_egress", "tc_anywhere"]);
      const [own, other] = [bpf.program("tc_egress"), bpf.program("tc_anywhere")];
      const egress = { kind: "tc", interface: "lo", direction: "egress" } as const;
      const before = await own.query({ kind: "tc", interface: "lo" });
      assert.deepEqual(before.programs, []);
      const link = await own.attach({ ...egress, revision: before.revision });
      assert.deepEqual(link.target, egress);
      const late = other.attach({ ...egress, revision: before.revision });
      await assert.rejects(late, { code: "STALE", errnoName: "ESTALE" });
      const { programs, revision } = await other.query(egress);
      assert.deepEqual(programs, [{ program: own.info.id, link: link.info.id }]);
      const first = await other.attach({ ...egress, before: { link: programs[0]!.link }, revision });
      assert.deepEqual((await other.query(egress)).programs, [
        { program: other.info.id, link: first.info.id },
        { program: own.info.id, link: link.info.id },
      ]);
      const changed = (await other.query(egress)).revision;
      await first.update(bpf.program("tc_ingress"));
      assert.notEqual((await other.query(egress)).revision, changed);
      await assert.rejects(other.query(null as unknown as QueriedTarget), {
        name: "TypeError",
        message: /^query\(\) /,
      });
      await link.detach();
      await first.detach();
      assert.deepEqual(await other.query(egress), before, "where nothing is left, the kernel counts anew");
      await assert.rejects(other.attach({ ...egress, before: { program: bpf.map("runs") as never } }), {
        name: "TypeError",
        message: /is no program/,
      });
      await assert.rejects(other.query({ ...egress, through: "clsact" }), { name: "TypeError", message: /of tcx/ });
      await assert.rejects(other.query({ ...egress, interface: "lol" }), { code: "NOT_FOUND" });
    });

    it("is replaced in place, and taken up again from a pin", async () => {
      await using bpf = await loadNet(["tc_ingress", "tc_anywhere"]);
      const link = await bpf.program("tc_ingress").attach(ingress);
      await link.update(bpf.program("tc_anywhere"));
      sendDatagram();
      await until(() => runsOf(bpf, "tc_anywhere") > 0, "the other program ran");
      assert.equal(runsOf(bpf, "tc_ingress"), 0);
      const pin = join(bpffs.path, "tcx");
      link.pin(pin);
      await link.close();
      const again = await openPinnedLink(pin);
      assert.deepEqual(again.target, { kind: "tc", interface: 1, direction: "ingress", through: "tcx" });
      again.detach();
    });
  });

  it("takes tcx alone where it is told so", async () => {
    const older = changedSys((real) => ({
      bpf: (command, given) => (command === Command.LINK_CREATE ? -Errno.EINVAL : real.bpf(command, given)),
    }));
    await using bpf = await loadNet(["tc_ingress"], older);
    const attached = bpf.program("tc_ingress").attach({ ...ingress, through: "tcx" });
    await assert.rejects(attached, { message: /the kernel calls it invalid|this kernel has no tcx links/ });
  });

  it("goes through clsact, which is made for it and removed after it", async () => {
    await using bpf = await loadNet(["tc_ingress", "tc_egress", "tc_anywhere"]);
    const opened = openDescriptors().length;
    const link = await bpf.program("tc_ingress").attach(clsact);
    const other = await bpf.program("tc_egress").attach({ ...clsact, direction: "egress", priority: 7, handle: 3 });
    assert.equal(qdiscs("clsact"), 1);
    sendDatagram();
    await until(() => runsOf(bpf, "tc_ingress") > 0 && runsOf(bpf, "tc_egress") > 0, "both programs ran");
    const { details, id } = link.info;
    assert.deepEqual([details["interface"], details["direction"], details["handle"], id], ["lo", "ingress", 1, 0]);
    assert.ok(Number(details["priority"]) > 0);
    assert.deepEqual(other.info.details, { interface: "lo", ifindex: 1, direction: "egress", priority: 7, handle: 3 });
    await link.update(bpf.program("tc_anywhere"));
    const before = runsOf(bpf, "tc_ingress");
    sendDatagram();
    await until(() => runsOf(bpf, "tc_anywhere") > 0, "the program in its place ran");
    assert.equal(runsOf(bpf, "tc_ingress"), before);
    assert.throws(() => link.pin(join(bpffs.path, "filter")), { feature: "pin link", message: /clsact.*Linux 6\.6/ });
    await link.detach();
    assert.equal(qdiscs("clsact"), 1, "the other filter needs it");
    await other.detach();
    assert.equal(qdiscs("clsact"), 0);
    assert.equal(openDescriptors().length, opened);
  });

  it("stays attached where its filter cannot be removed, until it can", async () => {
    await using bpf = await loadNet(["tc_ingress"]);
    const link = await bpf.program("tc_ingress").attach(clsact);
    for (const end of [() => link.detach(), () => link.close()]) {
      const ended = withoutCapability(CAP_NET_ADMIN, end);
      await assert.rejects(ended, { code: "NO_PRIVILEGE", message: /^Cannot detach program tc_ingress: / });
      assert.deepEqual([link.attached, bpf.links, qdiscs("clsact")], [true, [link], 1]);
    }
    const before = runsOf(bpf, "tc_ingress");
    sendDatagram();
    await until(() => runsOf(bpf, "tc_ingress") > before, "it goes on");
    await link.detach();
    assert.deepEqual([link.attached, bpf.links, qdiscs("clsact")], [false, [], 0]);
  });

  it("leaves alone what is not its own", async () => {
    await using bpf = await loadNet(["tc_ingress", "tc_anywhere"]);
    const sys = linuxSys();
    const place = { tcm_ifindex: 1, tcm_parent: 0xffff_fff1, tcm_handle: 0xffff_0000 };
    const ask = (type: number, flags: number, kind: string) =>
      sys.netlink({ type, flags, body: structBytes(TrafficControlMessage, place), attributes: [[TcAttr.KIND, kind]] })
        .result;
    assert.equal(ask(NetlinkType.NEWQDISC, NetlinkFlag.CREATE | NetlinkFlag.EXCL, "clsact"), 0);
    const link = await bpf.program("tc_ingress").attach({ ...clsact, priority: 5, handle: 1 });
    const taken = bpf.program("tc_anywhere").attach({ ...clsact, priority: 5, handle: 1 });
    await assert.rejects(taken, { code: "BUSY", message: /handle 1 of priority 5 there already/ });
    await link.detach();
    assert.equal(qdiscs("clsact"), 1, "somebody else has made it");
    assert.equal(ask(NetlinkType.DELQDISC, 0, "clsact"), 0);
    assert.equal(ask(NetlinkType.NEWQDISC, NetlinkFlag.CREATE | NetlinkFlag.EXCL, "ingress"), 0);
    const sent = bpf.program("tc_anywhere").attach({ ...clsact, direction: "egress" });
    await assert.rejects(sent, { code: "BUSY", message: /queueing discipline ingress/ });
    assert.equal(ask(NetlinkType.DELQDISC, 0, "ingress"), 0);
  });

  it("says what is missing", async () => {
    await using bpf = await loadNet(["tc_anywhere"]);
    const attach = (target: TcTarget) => bpf.program("tc_anywhere").attach(target);
    await assert.rejects(attach({ kind: "tc", interface: "lo" }), { name: "TypeError", message: /give direction/ });
    await assert.rejects(attach({ ...ingress, interface: "lol" }), { code: "NOT_FOUND", message: /did you mean lo/ });
    assert.deepEqual(await bpf.attach(), []);
  });
});
