import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { describe, it } from "node:test";
import type { KernelProgram } from "../../src/engine/kernel/kernel-program.ts";
import { isKernelBefore } from "../../src/engine/kernel/kernel-release.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command, LinkType } from "../../src/uapi/uapi.gen.ts";
import { networkOrSkip } from "../support/own-network.ts";
import { linuxOrSkip } from "../support/requirements.ts";
import { bindAny, closeSocket, received, send, sendTo, sharePort, tcpPair, udpSocket } from "../support/sockets.ts";
import { changedSys, until } from "./kernel-fixture.ts";
import { loadNet, runsOf } from "./net-fixture.ts";

describe("kernel: socket filters", { skip: networkOrSkip() }, () => {
  it("see what a socket receives, until they are detached", async () => {
    await using bpf = await loadNet(["filters"]);
    const [to, from] = [udpSocket(), udpSocket()];
    try {
      const port = bindAny(to);
      const link = await bpf.program("filters").attach({ kind: "socket", fd: to });
      assert.deepEqual([link.info.id, link.info.type, link.info.details], [0, LinkType.UNSPEC, { fd: to }]);
      sendTo(from, port, "dropped");
      await until(() => runsOf(bpf, "filters") > 0, "the filter ran");
      assert.equal(received(to), undefined);
      assert.throws(() => link.pin("/sys/fs/bpf/filter"), { feature: "pin link", message: /no links of sockets$/ });
      await link.update(bpf.program("filters"));
      await link.detach();
      sendTo(from, port, "kept");
      let text: string | undefined;
      await until(() => (text ??= received(to)) !== undefined, "a packet arrived");
      assert.equal(text, "kept");
    } finally {
      closeSocket(to);
      closeSocket(from);
    }
  });

  it("are attached to sockets of Node, and leave another one of the same number alone", async () => {
    await using bpf = await loadNet(["filters"]);
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
    const link = await bpf.program("filters").attach({ kind: "socket", fd });
    const client = connect({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
    await until(() => runsOf(bpf, "filters") > 0, "the filter ran");
    client.destroy();
    server.close();
    await once(server, "close");
    await link.detach();
  });

  it("say what is no socket", async () => {
    await using bpf = await loadNet(["filters"]);
    const opened = openDescriptors().length;
    const attach = (fd: number) => bpf.program("filters").attach({ kind: "socket", fd });
    await assert.rejects(attach(0x7fff_0000), { code: "NOT_FOUND", message: /descriptor 2147418112 is not open/ });
    const { fd } = bpf.program("filters").handle as KernelProgram;
    await assert.rejects(attach(fd), { code: "NOT_FOUND", message: /is no socket/ });
    assert.equal(openDescriptors().length, opened);
  });
});

describe("kernel: groups of sockets of one port", { skip: networkOrSkip() }, () => {
  it("ask the program which gets a packet", async () => {
    await using bpf = await loadNet(["chooses"]);
    const [one, two, from] = [udpSocket(), udpSocket(), udpSocket()];
    try {
      await assert.rejects(bpf.program("chooses").attach({ kind: "reuseport", fd: from }), {
        message: /SO_REUSEPORT before it is bound/,
      });
      sharePort(one);
      sharePort(two);
      const port = bindAny(one);
      bindAny(two, port);
      const link = await bpf.program("chooses").attach({ kind: "reuseport", fd: one });
      sendTo(from, port, "to one of them");
      await until(() => runsOf(bpf, "chooses") > 0, "the program ran");
      await link.detach();
      const before = runsOf(bpf, "chooses");
      sendTo(from, port, "to one of them");
      assert.equal(runsOf(bpf, "chooses"), before);
    } finally {
      for (const socket of [one, two, from]) closeSocket(socket);
    }
  });
});

describe("kernel: maps of sockets", { skip: networkOrSkip() }, () => {
  const sockets = { kind: "sockmap", map: "sockets" } as const;
  const older = changedSys((real) => ({
    bpf: (command, given) => (command === Command.LINK_CREATE ? -Errno.EINVAL : real.bpf(command, given)),
  }));

  it("hand what their sockets send to a program", { skip: linuxOrSkip("6.10") }, async () => {
    await using bpf = await loadNet(["messages"]);
    const link = await bpf.program("messages").attach(sockets);
    const { id } = bpf.map("sockets").info;
    assert.equal(link.info.type, LinkType.SOCKMAP);
    assert.deepEqual(link.info.details, { mapId: id, attachType: "sk_msg_verdict" });
    await assert.rejects(bpf.program("messages").attach({ ...sockets, map: id }), {
      code: "BUSY",
      message: /at sk_msg_verdict of the map already/,
    });
    const [one, two] = tcpPair();
    try {
      bpf.map<number, bigint>("sockets").set(0, BigInt(one));
      assert.equal(send(one, "hello"), 5);
      assert.equal(runsOf(bpf, "messages"), 1);
      let text: string | undefined;
      await until(() => (text ??= received(two)) !== undefined, "it arrived");
      assert.equal(text, "hello");
      await link.update(bpf.program("messages"));
      await link.detach();
    } finally {
      closeSocket(one);
      closeSocket(two);
    }
  });

  it("hand what their sockets receive to a program", { skip: linuxOrSkip("6.10") }, async () => {
    await using bpf = await loadNet(["verdicts"]);
    const program = bpf.program("verdicts");
    await assert.rejects(program.attach(sockets), { name: "TypeError", message: /give hook: "stream_parser"/ });
    await program.attach({ ...sockets, hook: "stream_verdict" });
    const [one, two] = tcpPair();
    try {
      bpf.map<number, bigint>("sockets").set(1, BigInt(two));
      send(one, "hello");
      await until(() => runsOf(bpf, "verdicts") > 0, "the program ran");
    } finally {
      closeSocket(one);
      closeSocket(two);
    }
  });

  it("say what is missing", async () => {
    await using bpf = await loadNet(["messages"]);
    const opened = openDescriptors().length;
    const attach = (map: string | number) => bpf.program("messages").attach({ ...sockets, map });
    await assert.rejects(attach("socks"), { code: "NOT_FOUND", message: /its object has no map socks/ });
    await assert.rejects(attach(0xffff_fff0), { code: "NOT_FOUND", message: /no map of id/ });
    await assert.rejects(attach("runs"), /Cannot attach program messages/);
    assert.equal(openDescriptors().length, opened);
    await using refused = await loadNet(["messages"], older);
    const attached = refused.program("messages").attach(sockets);
    // A kernel without links for it is not expected to make one.
    if (isKernelBefore("6.10")) await attached;
    else await assert.rejects(attached, /Cannot attach program messages/);
  });
});
