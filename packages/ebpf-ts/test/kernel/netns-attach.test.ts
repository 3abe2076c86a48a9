import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { statSync } from "node:fs";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { networkOrSkip } from "../support/own-network.ts";
import { sendDatagram } from "../support/sockets.ts";
import { until } from "./kernel-fixture.ts";
import { loadNet, runsOf } from "./net-fixture.ts";

/** Of the thread that tests run in: no other is in the test's own namespace. */
const path = "/proc/thread-self/ns/net";

describe("kernel: programs of network namespaces", { skip: networkOrSkip() }, () => {
  it("are asked which socket gets a packet (sk_lookup)", async () => {
    await using bpf = await loadNet(["lookups"]);
    const link = await bpf.program("lookups").attach({ kind: "netns", path });
    assert.equal(link.info.type, LinkType.NETNS);
    assert.deepEqual(link.info.details, { netns: statSync(path).ino, attachType: "sk_lookup" });
    sendDatagram();
    await until(() => runsOf(bpf, "lookups") > 0, "the program ran");
    await link.detach();
  });

  it("tell flows apart, one program in a namespace (flow_dissector)", async () => {
    await using bpf = await loadNet(["dissects"]);
    const link = await bpf.program("dissects").attach({ kind: "netns", path });
    assert.equal(link.info.details["attachType"], "flow_dissector");
    const second = bpf.program("dissects").attach({ kind: "netns", path });
    await assert.rejects(second, { code: "BUSY", message: /as many programs of that kind as it can have/ });
    await link.update(bpf.program("dissects"));
    await link.detach();
  });

  it("say what is wrong with where they are to go", async () => {
    await using bpf = await loadNet(["lookups"]);
    const opened = openDescriptors().length;
    const attach = (path: string) => bpf.program("lookups").attach({ kind: "netns", path });
    await assert.rejects(attach("/tmp"), { code: "NOT_FOUND", message: /\/tmp is no namespace/ });
    await assert.rejects(attach("/run/netns/none"), { code: "NOT_FOUND", message: /there is no/ });
    await assert.rejects(attach("/proc/self/ns/pid"), { message: /no network namespace/ });
    assert.equal(openDescriptors().length, opened);
  });
});

describe("kernel: netfilter", { skip: networkOrSkip() }, () => {
  const output = { kind: "netfilter", family: "ipv4", hook: "output", priority: 10 } as const;

  it("runs for each packet at its hook, until it is detached", async () => {
    await using bpf = await loadNet(["filter_first"]);
    const link = await bpf.program("filter_first").attach(output);
    const { kind: _, ...where } = output;
    assert.equal(link.info.type, LinkType.NETFILTER);
    assert.deepEqual(link.info.details, { ...where, defrag: 0 });
    sendDatagram();
    await until(() => runsOf(bpf, "filter_first") > 0, "the program ran");
    await link.detach();
    const before = runsOf(bpf, "filter_first");
    sendDatagram();
    assert.equal(runsOf(bpf, "filter_first"), before);
  });

  it("has one program of a priority, which is not replaced", async () => {
    await using bpf = await loadNet(["filter_first"]);
    const program = bpf.program("filter_first");
    const link = await program.attach(output);
    await assert.rejects(program.attach(output), { code: "BUSY", message: /priority 10 at output of ipv4/ });
    await assert.rejects(link.update(program), { feature: "update link" });
    await program.attach({ ...output, family: "ipv6", hook: "postrouting", priority: -7 });
  });
});
