import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { execFileSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { XdpTarget } from "../../src/attach/targets/net/xdp.ts";
import { openPinnedLink } from "../../src/index.ts";
import type { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command, LinkType, ProgFlag } from "../../src/uapi/uapi.gen.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { mountBpffs, type Mounted } from "../support/bpf-file-systems.ts";
import { networkOrSkip } from "../support/own-network.ts";
import { orFail, type SkipReason } from "../support/requirements.ts";
import { sendDatagram } from "../support/sockets.ts";
import { changedSys, until } from "./kernel-fixture.ts";
import { loadNet, runsOf } from "./net-fixture.ts";

function setprivOrSkip(): SkipReason {
  return existsSync("/usr/bin/setpriv") ? false : orFail("there is no setpriv on this host");
}

const generic = { kind: "xdp", interface: "lo", mode: "generic" } as const;

describe("kernel: XDP", { skip: networkOrSkip() }, () => {
  let bpffs: Mounted;
  before(() => (bpffs = mountBpffs()));
  after(() => bpffs.unmount());

  it("runs for each packet that an interface receives, until it is detached", async () => {
    await using bpf = await loadNet(["xdp_first"]);
    const link = await bpf.program("xdp_first").attach({ kind: "xdp", interface: "lo" });
    assert.deepEqual(link.info.details, { interface: "lo", ifindex: 1 });
    assert.equal(link.info.type, LinkType.XDP);
    sendDatagram();
    await until(() => runsOf(bpf, "xdp_first") > 0, "the program ran");
    await link.detach();
    const before = runsOf(bpf, "xdp_first");
    sendDatagram();
    assert.equal(runsOf(bpf, "xdp_first"), before);
  });

  it("is replaced in place, and taken up again from a pin", async () => {
    await using bpf = await loadNet(["xdp_first", "xdp_second"]);
    const link = await bpf.program("xdp_first").attach({ ...generic, interface: 1 });
    await link.update(bpf.program("xdp_second"));
    sendDatagram();
    await until(() => runsOf(bpf, "xdp_second") > 0, "the second program ran");
    assert.equal(runsOf(bpf, "xdp_first"), 0);
    const pin = join(bpffs.path, "xdp");
    link.pin(pin);
    await link.close();
    const again = await openPinnedLink(pin);
    assert.deepEqual(again.target, { kind: "xdp", interface: 1 });
    assert.deepEqual(again.info.details, { interface: "lo", ifindex: 1 });
    await again.update(bpf.program("xdp_first"));
    sendDatagram();
    await until(() => runsOf(bpf, "xdp_first") > 0, "the first program ran");
    again.detach();
  });

  it("says what is in the way", async () => {
    await using bpf = await loadNet(["xdp_first", "xdp_second"]);
    const opened = openDescriptors().length;
    const attach = (program: string, target: XdpTarget) => bpf.program(program).attach(target);
    const link = await attach("xdp_first", generic);
    await assert.rejects(attach("xdp_second", generic), {
      code: "BUSY",
      message: /has program xdp_first \(id \d+\) already/,
    });
    await link.detach();
    await assert.rejects(attach("xdp_first", { ...generic, mode: "native" }), {
      code: "NOT_SUPPORTED",
      message: /use mode: "generic"/,
    });
    await assert.rejects(attach("xdp_first", { ...generic, mode: "offload" }), /loaded for the card|generic/);
    await assert.rejects(attach("xdp_first", { ...generic, interface: "l0" }), {
      code: "NOT_FOUND",
      message: /no interface l0; did you mean lo\?/,
    });
    await assert.rejects(attach("xdp_first", { ...generic, interface: "wireless7" }), { message: /there are lo/ });
    await assert.rejects(attach("xdp_first", { ...generic, interface: 4711 }), { code: "NOT_FOUND" });
    await assert.rejects(bpf.program("xdp_first").attach(), {
      code: "NOT_FOUND",
      message: /cannot name XDP .*interface/,
    });
    assert.equal(openDescriptors().length, opened);
  });

  it("takes packets of several buffers where its section says so", async () => {
    const flags: number[] = [];
    const watched = changedSys((real) => ({
      bpfAsync(command, given) {
        if (command === Command.PROG_LOAD)
          flags.push((given as KernelStruct<typeof BpfAttr.prog_load>).number(BpfAttr.prog_load.fields.prog_flags));
        return real.bpfAsync(command, given);
      },
    }));
    await using bpf = await loadNet(["xdp_first", "xdp_frags"], watched);
    assert.deepEqual(flags, [0, ProgFlag.XDP_HAS_FRAGS]);
    const link = await bpf.program("xdp_frags").attach(generic);
    await link.detach();
  });

  it("is left alone by attach() of a collection", async () => {
    await using bpf = await loadNet(["xdp_first"]);
    assert.deepEqual(await bpf.attach(), []);
  });

  it("is not told that a privilege is missing which is there", async () => {
    const refusing = changedSys((real) => ({
      bpf: (command, given) => (command === Command.LINK_CREATE ? -Errno.EPERM : real.bpf(command, given)),
    }));
    await using bpf = await loadNet(["xdp_first"], refusing);
    await assert.rejects(bpf.program("xdp_first").attach(generic), {
      code: "NO_PRIVILEGE",
      message: /in spite of the privilege/,
    });
  });

  it("says that CAP_NET_ADMIN is missing where only that is", { skip: setprivOrSkip() }, () => {
    const child = fileURLToPath(new URL("./net-privilege-child.js", import.meta.url));
    const having = (capabilities: string): string =>
      execFileSync("setpriv", [`--bounding-set=-all,${capabilities}`, readlinkSync("/proc/self/exe"), child], {
        encoding: "utf8",
      });
    assert.match(
      having("+bpf,+perfmon"),
      /^NO_PRIVILEGE: .*takes CAP_BPF and CAP_NET_ADMIN, and CAP_NET_ADMIN is missing/,
    );
    assert.equal(having("+bpf,+perfmon,+net_admin"), "loaded\n");
  });

  it("stays as it is when the events become those of a command", async () => {
    await using bpf = await loadNet(["xdp_first"]);
    const link = await bpf.program("xdp_first").attach(generic);
    const { id } = link.info;
    const command = await bpf.spawn("true");
    assert.equal((await command.exited).code, 0);
    assert.equal(link.info.id, id);
  });
});
