import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import { Collection } from "../../src/collection/collection.ts";
import type { Link } from "../../src/link/link.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { structBytes } from "../../src/sys/net/netlink-message.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { InterfaceMessage } from "../../src/uapi/structs.gen.ts";
import { LinkType, NetlinkFlag } from "../../src/uapi/uapi.gen.ts";
import { loadFixture, readSpec, until } from "../kernel/kernel-fixture.ts";
import { loadNet, runsOf } from "../kernel/net-fixture.ts";
import { linuxOrSkip, isLinuxAtLeast } from "../support/requirements.ts";
import * as sockets from "../support/sockets.ts";

const run = (file: string, ...args: string[]): string => execFileSync(file, args, { encoding: "utf8" });

/** All of the fixture that this kernel loads, once: a guest takes its time. Links are detached by the test that made them. */
let bpf: Collection;
before(async () => {
  const names = readSpec("net").programs.map(({ name }) => name);
  bpf = await loadNet(names.filter((name) => name !== "filter_first" || isLinuxAtLeast("6.4")));
});
after(() => bpf.close());

const attach = (name: string, target: AttachTarget): Promise<Link> => bpf.program(name).attach(target);

/** Does something, and waits until the programs have run after that. Nobody need answer. */
async function ranAt(action: () => unknown, ...names: string[]): Promise<void> {
  const before = names.map((name) => runsOf(bpf, name));
  tried(action);
  await until(() => names.every((name, index) => runsOf(bpf, name) > before[index]!), `${names.join(" and ")} ran`);
}

/** A frame that leaves by an interface. */
function broadcast(name: string): void {
  run("arping", "-c", "1", "-w", "1", "-I", name, "10.7.0.9", "-q");
}

function tried(action: () => unknown): void {
  try {
    action();
  } catch {
    // A frame or a packet was sent all the same, or the module is part of the kernel.
  }
}

/** Debian's `ip` does not know them. The kernel makes the peer, and names it. */
function makeNetkit(name: string): void {
  const [NEWLINK, IFNAME, LINKINFO, INFO_KIND] = [16, 3, 18, 1] as const;
  const { result } = linuxSys().netlink({
    type: NEWLINK,
    flags: NetlinkFlag.CREATE | NetlinkFlag.EXCL,
    body: structBytes(InterfaceMessage, {}),
    attributes: [
      [IFNAME, name],
      [LINKINFO, [[INFO_KIND, "netkit"]]],
    ],
  });
  assert.equal(result, 0);
}

describe("xdp", () => {
  before(() => {
    run("modprobe", "veth");
    run("ip", "link", "add", "va", "type", "veth", "peer", "name", "vb");
    run("ip", "addr", "add", "10.7.0.1/24", "dev", "vb");
    for (const name of ["va", "vb"]) run("ip", "link", "set", name, "up");
  });
  after(() => void run("ip", "link", "del", "va"));

  it("runs in the driver of a veth pair", async () => {
    const link = await attach("xdp_first", { kind: "xdp", interface: "va", mode: "native" });
    try {
      assert.equal(link.info.details["interface"], "va");
      await ranAt(() => broadcast("vb"), "xdp_first");
      await link.update(bpf.program("xdp_second"));
      await ranAt(() => broadcast("vb"), "xdp_second");
    } finally {
      await link.detach();
    }
  });

  it("runs with any driver, in generic mode", async () => {
    const link = await attach("xdp_first", { kind: "xdp", interface: "lo", mode: "generic" });
    await ranAt(sockets.sendDatagram, "xdp_first").finally(() => link.detach());
  });
});

describe("tc", () => {
  before(() => {
    for (const module of ["sch_ingress", "cls_bpf"]) tried(() => run("modprobe", module));
  });

  it("runs for what is sent and received, by tcx or clsact as the kernel has it", async () => {
    const links = [
      await attach("tc_ingress", { kind: "tc", interface: "lo" }),
      await attach("tc_egress", { kind: "tc", interface: "lo" }),
    ];
    try {
      await ranAt(sockets.sendDatagram, "tc_ingress", "tc_egress");
      assert.equal(links[0]!.info.id > 0, isLinuxAtLeast("6.6"));
    } finally {
      for (const link of links) await link.detach();
    }
    assert.doesNotMatch(run("tc", "qdisc", "show", "dev", "lo"), /clsact/);
  });
});

describe("netkit", () => {
  it("runs for what the peer sends", { skip: linuxOrSkip("6.7") }, async () => {
    tried(() => void run("modprobe", "netkit"));
    makeNetkit("primary0");
    try {
      const peer = /primary0@(\S+):/.exec(run("ip", "-o", "link", "show", "primary0"))![1]!;
      run("ip", "addr", "add", "10.8.0.1/24", "dev", peer);
      for (const name of ["primary0", peer]) run("ip", "link", "set", name, "up");
      const link = await attach("netkit_peer", { kind: "netkit", interface: "primary0" });
      const { type, details } = link.info;
      assert.deepEqual([type, details["interface"], details["attachType"]], [LinkType.NETKIT, peer, "netkit_peer"]);
      await ranAt(() => run("ping", "-c", "1", "-W", "1", "10.8.0.9"), "netkit_peer");
      await assert.rejects(attach("netkit_peer", { kind: "netkit", interface: peer }), /its primary device/);
      await assert.rejects(attach("netkit_peer", { kind: "netkit", interface: "lo" }), /no netkit device/);
      await link.detach();
      // As before the first, though netkit goes on counting.
      const where = { kind: "netkit", interface: "primary0" } as const;
      const { revision, programs } = await bpf.program("netkit_peer").query(where);
      assert.deepEqual([revision, programs], [1, []]);
      await assert.rejects(attach("netkit_peer", { ...where, revision }), { code: "STALE" });
    } finally {
      run("ip", "link", "del", "primary0");
    }
  });
});

describe("netfilter", () => {
  it("runs for each packet at its hook", { skip: linuxOrSkip("6.4") }, async () => {
    const link = await attach("filter_first", { kind: "netfilter", family: "ipv4", hook: "input", priority: 0 });
    await ranAt(sockets.sendDatagram, "filter_first").finally(() => link.detach());
  });
});

describe("netfilter, of packets in fragments", () => {
  const runsFor = async (defrag: boolean): Promise<number> => {
    const target = { kind: "netfilter", family: "ipv4", hook: "prerouting", priority: 0, defrag } as const;
    const link = await attach("filter_first", target);
    const before = runsOf(bpf, "filter_first");
    run("ping", "-c", "1", "-W", "5", "-s", "3000", "127.0.0.1");
    await link.detach();
    return runsOf(bpf, "filter_first") - before;
  };

  before(() => {
    run("modprobe", "nf_defrag_ipv4");
    run("ip", "link", "set", "lo", "mtu", "1500");
  });
  after(() => void run("ip", "link", "set", "lo", "mtu", "65536"));

  const skip = linuxOrSkip("6.6");
  it("runs for each fragment, or for the packet when they are put together (defrag)", { skip }, async () => {
    assert.equal(await runsFor(true), 2, "a request and its reply");
    assert.equal(await runsFor(false), 6, "each in three fragments");
  });
});

describe("cgroup", () => {
  const path = "/sys/fs/cgroup/ebpf-ts-networks";
  before(() => {
    mkdirSync(path);
    writeFileSync(`${path}/cgroup.procs`, String(process.pid));
  });
  after(() => {
    writeFileSync("/sys/fs/cgroup/cgroup.procs", String(process.pid));
    rmdirSync(path);
  });

  it("runs for packets, connections and what TCP does", async () => {
    const names = ["packets_out", "connects", "operations"];
    const links: Link[] = [];
    for (const name of names) links.push(await attach(name, { kind: "cgroup", path }));
    try {
      for (const link of links) assert.equal(link.info.details["path"], path);
      assert.equal(sockets.connectTo(7), -Errno.EPERM);
      await ranAt(() => sockets.connectTo(8), ...names);
      assert.equal(sockets.connectTo(8), -Errno.ECONNREFUSED);
    } finally {
      for (const link of links) await link.detach();
    }
  });

  it("runs at a security hook (lsm_cgroup)", { skip: linuxOrSkip("6.0") }, async () => {
    const lsm = new Collection(readSpec("net-lsm"), await loadFixture("net-lsm"));
    const socket = sockets.udpSocket();
    try {
      const onBind = lsm.program("on_bind");
      const ofAllHooks = { code: "NOT_SUPPORTED", message: /at all hooks together, and no revision$/ };
      await assert.rejects(onBind.query({ kind: "cgroup", path }), ofAllHooks);
      await assert.rejects(onBind.attach({ kind: "cgroup", path, revision: 1 }), ofAllHooks);
      await onBind.attach({ kind: "cgroup", path });
      assert.throws(() => sockets.bindAny(socket), /bind failed: errno 1$/);
    } finally {
      sockets.closeSocket(socket);
      await lsm.close();
    }
  });
});

describe("netns", () => {
  const path = "/proc/self/ns/net";

  it("asks which socket gets a packet (sk_lookup)", async () => {
    const link = await attach("lookups", { kind: "netns", path });
    assert.deepEqual(link.info.details, { netns: statSync(path).ino, attachType: "sk_lookup" });
    await ranAt(sockets.sendDatagram, "lookups").finally(() => link.detach());
  });

  it("tells flows apart (flow_dissector)", async () => {
    const link = await attach("dissects", { kind: "netns", path });
    assert.equal(link.info.details["attachType"], "flow_dissector");
    // To choose a CPU for a packet the kernel asks which flow it is of.
    const cpus = "/sys/class/net/lo/queues/rx-0/rps_cpus";
    writeFileSync(cpus, "3");
    try {
      await ranAt(() => run("ping", "-c", "1", "-W", "1", "127.0.0.1"), "dissects");
    } finally {
      writeFileSync(cpus, "0");
      await link.detach();
    }
  });
});

describe("sockmap", () => {
  it("hands what sockets send and receive to programs, by a link or as older kernels have it", async () => {
    const link = await attach("messages", { kind: "sockmap", map: "sockets" });
    const other = await attach("verdicts", { kind: "sockmap", map: "sockets", hook: "stream_verdict" });
    assert.equal(link.info.id > 0, isLinuxAtLeast("6.10"));
    await assert.rejects(attach("messages", { kind: "sockmap", map: "sockets" }), { code: "BUSY" });
    const [one, two, three] = [...sockets.tcpPair(), sockets.tcpPair()] as const;
    try {
      const map = bpf.map<number, bigint>("sockets");
      map.set(0, BigInt(one));
      map.set(1, BigInt(two));
      await ranAt(() => sockets.send(one, "hello"), "messages", "verdicts");
      await link.detach();
      await other.detach();
      map.set(2, BigInt(three[0]));
      const before = runsOf(bpf, "messages");
      assert.equal(sockets.send(three[0], "again"), 5);
      assert.equal(runsOf(bpf, "messages"), before, "it was put there when the program was gone");
    } finally {
      for (const socket of [one, two, ...three]) sockets.closeSocket(socket);
    }
  });
});

describe("socket", () => {
  it("filters what a socket receives", async () => {
    const [to, from] = [sockets.udpSocket(), sockets.udpSocket()];
    const port = sockets.bindAny(to);
    const link = await attach("filters", { kind: "socket", fd: to });
    await ranAt(() => sockets.sendTo(from, port, "dropped"), "filters");
    assert.equal(sockets.received(to), undefined);
    await link.detach();
    for (const socket of [to, from]) sockets.closeSocket(socket);
  });

  it("chooses among sockets of one port (sk_reuseport)", async () => {
    const [one, from] = [sockets.udpSocket(), sockets.udpSocket()];
    sockets.sharePort(one);
    const port = sockets.bindAny(one);
    const link = await attach("chooses", { kind: "reuseport", fd: one });
    await ranAt(() => sockets.sendTo(from, port, "hello"), "chooses");
    await link.detach();
    for (const socket of [one, from]) sockets.closeSocket(socket);
  });
});
