/** Operations of the kernel, implemented by programs: congestion controls of TCP, which real connections use. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Collection } from "../../src/collection/collection.ts";
import { reopenLink } from "../../src/engine/kernel/reopen-pins.ts";
import { openPinnedLink } from "../../src/open-pins.ts";
import { openPinned } from "../../src/open.ts";
import { detachLink, links, maps } from "../../src/kernel/index.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { StructOps } from "../../src/map/struct-ops/struct-ops.ts";
import { parse } from "../../src/spec/parse.ts";
import type { MapSpec } from "../../src/spec/types.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { addressOf } from "../../src/sys/ffi/libc.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command, LinkType } from "../../src/uapi/uapi.gen.ts";
import { changedSys, until } from "../kernel/kernel-fixture.ts";
import { CAP_SYS_ADMIN, withoutCapability } from "../support/capabilities.ts";
import { fixturePath } from "../support/fixtures.ts";
import { enterOwnNetwork } from "../support/own-network.ts";
import { isLinuxAtLeast, linuxOrSkip } from "../support/requirements.ts";
import { closeSocket, controlBy, received, send, tcpPair } from "../support/sockets.ts";

const plain = (options: LoadOptions = {}): Promise<Collection> =>
  load(fixturePath("spec-struct-ops.bpf.o"), { engine: "kernel", ...options });

/** With those operations of the fixture alone. */
function loadOnly(...names: string[]): Promise<Collection> {
  const maps = Object.fromEntries(names.map((name) => [name, { load: true }]));
  return load(fixturePath("struct-ops.bpf.o"), { engine: "kernel", maps });
}

const count = (bpf: Collection, name: string): bigint => bpf.variable<bigint>(name).get();

/** A connection through the loopback interface that a congestion control has; it sends until `isDone`. */
function connection(name: string, isDone: () => boolean = () => true): number {
  const [one, other] = tcpPair();
  try {
    const result = controlBy(one, name);
    if (result !== 0) return result;
    for (let sent = 0; !isDone(); sent += 1) {
      assert.ok(sent < 10_000, "nothing of what was sent was acknowledged");
      send(one, "x".repeat(2000));
      received(other);
    }
    return 0;
  } finally {
    closeSocket(one);
    closeSocket(other);
  }
}

const unknown = -Errno.ENOENT;

/** What such a process says, by the system calls that its filter leaves beside. */
async function lockedDown(...allow: readonly string[]): Promise<string[]> {
  const child = fileURLToPath(new URL("support/locked-ops-child.js", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [child, ...allow], { timeout: 60_000 });
  return stdout.trimEnd().split("\n");
}

/** What the command prints, which guests have. */
async function command(...words: readonly string[]): Promise<string> {
  const env = { ...process.env, COLUMNS: "300" };
  return (await promisify(execFile)("ebpf", words, { timeout: 60_000, env })).stdout;
}

before(() => enterOwnNetwork());

describe("struct_ops", () => {
  it("are called by the kernel from attach() on, until they are detached", async () => {
    const descriptors = openDescriptors();
    const bpf = await plain();
    assert.equal(connection("ebpf_ts_plain"), unknown);
    const [link, ...others] = await bpf.attach();
    assert.ok(link);
    assert.deepEqual(
      [others.length, link.program, link.map, link.target],
      [0, undefined, "plain", { kind: "struct_ops", struct: "tcp_congestion_ops" }],
    );
    const ops = bpf.structOps("plain");
    assert.deepEqual(link.info, { id: 0, type: LinkType.STRUCT_OPS, programId: 0, details: { mapId: ops.info.id } });
    assert.equal(ops.state, "inuse");
    assert.equal(
      connection("ebpf_ts_plain", () => count(bpf, "acks") > 0n),
      0,
    );
    assert.equal(count(bpf, "sockets"), 1n);
    await link.detach();
    assert.equal(connection("ebpf_ts_plain"), unknown);
    assert.equal(ops.state, "tobefree");
    await assert.rejects(ops.attach(), {
      code: "BUSY",
      message: /they were attached before, .*load the object anew \(EBUSY\)$/,
    });
    await bpf.close();
    assert.deepEqual(openDescriptors(), descriptors);
  });

  it("end with their collection, and are registered once", async () => {
    const bpf = await plain();
    await bpf.structOps("plain").attach();
    await using second = await plain();
    await assert.rejects(second.attach(), {
      code: "BUSY",
      message: /operations with that name are registered already \(EEXIST\)$/,
    });
    assert.equal(connection("ebpf_ts_plain"), 0);
    await bpf.close();
    assert.equal(connection("ebpf_ts_plain"), unknown);
  });

  it("are not left behind by a process that locks itself down", async () => {
    assert.deepEqual(await lockedDown(), ["BUSY", "locked down", "closed"]);
    assert.deepEqual(await lockedDown("bpf"), ["locked down", "closed"]);
    assert.equal(connection("ebpf_ts_plain"), unknown);
  });

  it("have members that load() sets: values, and other programs or none", async () => {
    const members = { name: "ebpf_ts_named", init: null };
    await using bpf = await plain({ maps: { plain: { members } } });
    assert.deepEqual([...bpf.programs.keys()], ["ssthresh", "cong_avoid", "undo_cwnd"]);
    await bpf.attach();
    assert.equal(connection("ebpf_ts_plain"), unknown);
    assert.equal(
      connection("ebpf_ts_named", () => count(bpf, "acks") > 0n),
      0,
    );
    assert.equal(count(bpf, "sockets"), 0n);
  });

  it("are left alone by attach() where load() was told so, or not loaded", async () => {
    await using bpf = await plain({ maps: { plain: { attach: false } } });
    assert.deepEqual(await bpf.attach(), []);
    await using none = await plain({ maps: { plain: { load: false } } });
    assert.deepEqual([...none.programs.keys()], []);
    assert.throws(() => none.structOps("plain"), {
      code: "NOT_FOUND",
      message: /maps: \{ plain: \{ load: true \} \}$/,
    });
  });

  it("without a link are not updated, nor pinned", async () => {
    await using bpf = await plain();
    const link = await bpf.structOps("plain").attach();
    const refused = { code: "NOT_SUPPORTED", message: /define it in section "\.struct_ops\.link" \(Linux 6\.4\)$/ };
    await assert.rejects(link.update(bpf.structOps("plain")), refused);
    assert.throws(() => link.pin("/sys/fs/bpf/never"), refused);
    await assert.rejects(link.update(bpf.program("init")), {
      name: "TypeError",
      message: /not a map of type struct_ops/,
    });
    await assert.rejects(bpf.program("init").attach(), {
      code: "NOT_SUPPORTED",
      message: /call attach\(\) of structOps\(\)$/,
    });
  });

  it("tell what the kernel does not take", async () => {
    await using half = await loadOnly("incomplete");
    await assert.rejects(half.attach(), { errnoName: "EINVAL", message: /a function that it needs is missing/ });
    await assert.rejects(loadOnly("later"), {
      code: "NOT_SUPPORTED",
      message:
        /^Cannot load map later: its member not_in_any_kernel: this kernel's struct tcp_congestion_ops has no such member/,
    });
    await assert.rejects(loadOnly("unknown"), {
      code: "NOT_SUPPORTED",
      message: /this kernel has no struct ebpf_ts_no_such_ops/,
    });
  });

  it("run by hand, where the kernel has them for that, also those that may sleep", async () => {
    const names = ["by_hand", ...(isLinuxAtLeast("6.3") ? ["by_hand_asleep"] : [])];
    await using bpf = await loadOnly(...names);
    // The address of a struct bpf_dummy_ops_state, which the kernel copies.
    const state = new Uint8Array(8);
    const context = new Uint8Array(BigUint64Array.of(BigInt(addressOf(state))).buffer);
    const run = async (name: string): Promise<number> => (await bpf.program(name).run({ context })).returnValue;
    assert.equal(await run("dummy"), 41);
    if (isLinuxAtLeast("6.3")) assert.equal(await run("sleeps"), 42);
    await assert.rejects(bpf.structOps("by_hand").attach(), { code: "NOT_SUPPORTED" });
  });

  it("with links are told where this kernel has none", async () => {
    if (isLinuxAtLeast("6.4")) return loadOnly("first").then((bpf) => bpf.close());
    await assert.rejects(loadOnly("first"), {
      code: "NOT_SUPPORTED",
      message: /no links of struct_ops \(Linux 6\.4\)/,
    });
  });
});

describe("struct_ops with a link", () => {
  const skip = linuxOrSkip("6.4");

  it("give way to others at once, and come back", { skip }, async () => {
    await using bpf = await loadOnly("first", "second");
    const [first, second] = [bpf.structOps("first"), bpf.structOps("second")];
    const link = await first.attach();
    const { id } = link.info;
    assert.deepEqual(link.info, { id, type: LinkType.STRUCT_OPS, programId: 0, details: { mapId: first.info.id } });
    assert.equal(connection("ebpf_ts_cc"), 0);
    assert.deepEqual([count(bpf, "first_sockets"), count(bpf, "second_sockets")], [1n, 0n]);
    await assert.rejects(second.attach(), { code: "BUSY" });
    await link.update(second);
    assert.deepEqual([link.program, link.map], [undefined, "second"]);
    assert.deepEqual(link.info.details, { mapId: second.info.id });
    assert.equal(connection("ebpf_ts_cc"), 0);
    assert.deepEqual([count(bpf, "first_sockets"), count(bpf, "second_sockets")], [1n, 1n]);
    await link.detach();
    assert.equal(connection("ebpf_ts_cc"), unknown);
    const again = await first.attach();
    assert.deepEqual([connection("ebpf_ts_cc"), count(bpf, "first_sockets")], [0, 2n]);
    await again.detach();
  });

  it("stay where a link is updated to those that it has", { skip }, async () => {
    await using bpf = await loadOnly("first", "second");
    await using other = await load(fixturePath("struct-ops.bpf.o"), {
      engine: "kernel",
      maps: { second: { load: true, members: { name: "ebpf_ts_other" } } },
    });
    const [first, second] = [bpf.structOps("first"), bpf.structOps("second")];
    const folder = mkdtempSync("/sys/fs/bpf/ebpf-ts-");
    try {
      const link = await first.attach();
      await link.update(first);
      link.pin(`${folder}/link`);
      const reopened = await openPinnedLink(`${folder}/link`);
      await reopened.update(first);
      await reopened.update(second);
      // Whoever holds the link otherwise does not know of that: the kernel is asked.
      await link.update(second);
      assert.deepEqual(link.info.details, { mapId: second.info.id });
      const busy = await other.structOps("second").attach();
      await assert.rejects(link.update(other.structOps("second")), { errnoName: "EINVAL" });
      assert.deepEqual([connection("ebpf_ts_cc"), connection("ebpf_ts_other")], [0, 0]);
      assert.deepEqual([count(bpf, "second_sockets"), count(other, "second_sockets")], [1n, 1n]);
      await busy.detach();
      await link.update(first);
      await link.detach();
      reopened.close();
      assert.equal(connection("ebpf_ts_cc"), unknown);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it("are listed, with their maps", { skip }, async () => {
    await using bpf = await loadOnly("first");
    const link = await bpf.structOps("first").attach();
    const listed = [...links()].find(({ id }) => id === link.info.id);
    assert.equal(listed?.typeName, "struct_ops");
    const map = [...maps()].find(({ id }) => id === bpf.structOps("first").info.id);
    assert.deepEqual([map?.name, map?.typeName], ["first", "struct_ops"]);
    assert.deepEqual(listed?.details, { mapId: map?.id });
  });

  it("are shown by the command: links with their maps, and maps with what they are", { skip }, async () => {
    await using bpf = await loadOnly("first");
    const ops = bpf.structOps("first");
    const { id } = (await ops.attach()).info;
    const map = ops.info.id;
    const [listed, shown] = [await command("link", "list"), await command("link", "show", `${id}`)];
    assert.match(listed, new RegExp(`^ *${id}  struct_ops +mapId ${map} first +\\S+ ${process.pid}\\b`, "m"));
    assert.match(shown, new RegExp(`^${id} struct_ops\\n +mapId +${map} first\\n +held by +\\S+ ${process.pid}\\b`));
    const [json] = (JSON.parse(await command("link", "list", "--json")) as Record<string, unknown>[]).filter(
      (each) => each["id"] === id,
    );
    assert.deepEqual([json?.["type"], json?.["map_id"], json?.["prog_id"]], ["struct_ops", map, 0]);
    assert.match(await command("map", "list"), new RegExp(`^ *${map}  struct_ops +first +4 +\\d+ +1 `, "m"));
    assert.match(await command("map", "show", `${map}`), /^ +flags +BPF_F_LINK$/m);
    await assert.rejects(command("map", "dump", `${map}`), {
      stderr: `ebpf: Cannot show what is in map ${map} (first): it is a struct_ops, whose content is operations of the kernel's\n`,
    });
    await command("link", "detach", `${id}`).then(
      () => assert.equal(connection("ebpf_ts_cc"), unknown),
      ({ stderr }) => assert.match(stderr, /^ebpf: Cannot detach link \d+: the kernel detaches no link of its type/),
    );
  });

  it("outlive their process as pins, of the link and of the map", { skip }, async () => {
    const folder = mkdtempSync("/sys/fs/bpf/ebpf-ts-");
    try {
      const bpf = await loadOnly("first", "second");
      const [linkPath, mapPath] = [`${folder}/link`, `${folder}/second`];
      bpf.structOps("second").pin(mapPath);
      (await bpf.structOps("first").attach()).pin(linkPath);
      await bpf.close();
      assert.equal(connection("ebpf_ts_cc"), 0);
      const link = await openPinnedLink(linkPath);
      assert.deepEqual(link.target, { kind: "struct_ops", struct: "tcp_congestion_ops" });
      // What they are of is information: who may not see it, or cannot, opens the link all the same.
      const noMoreFiles = changedSys((real) => ({
        bpf: (command, attr) => (command === Command.BTF_GET_FD_BY_ID ? -Errno.EMFILE : real.bpf(command, attr)),
      }));
      for (const opened of [
        withoutCapability(CAP_SYS_ADMIN, () => reopenLink(linkPath)),
        reopenLink(linkPath, noMoreFiles),
      ]) {
        const blind = await opened;
        assert.deepEqual([blind.target, blind.info.id], [undefined, link.info.id]);
        blind.close();
      }
      using second = await openPinned(mapPath);
      assert.ok(second instanceof StructOps);
      assert.deepEqual([second.name, second.state], ["second", "init"]);
      // Its value was never written, and who opens it does not have it.
      await assert.rejects(link.update(second), { errnoName: "EINVAL" });
      await using again = await loadOnly("second");
      await link.update(again.structOps("second"));
      assert.equal(link.info.details["mapId"], again.structOps("second").info.id);
      assert.deepEqual(link.target, { kind: "struct_ops", struct: "tcp_congestion_ops" });
      if (isLinuxAtLeast("6.10")) {
        detachLink(link.info.id);
        assert.equal(link.target, undefined);
      }
      link.detach();
      second.unpin();
      assert.equal(connection("ebpf_ts_cc"), unknown);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

describe("struct_ops that are pinned by name", () => {
  const skip = linuxOrSkip("6.4");

  it("are taken up again by the next load, with the operations that were written", { skip }, async () => {
    const folder = mkdtempSync("/sys/fs/bpf/ebpf-ts-");
    const loadPinned = (name: string, change: Partial<MapSpec> = {}): Promise<Collection> => {
      const spec = parse(new Uint8Array(readFileSync(fixturePath("struct-ops.bpf.o"))));
      const map = spec.maps.find((each) => each.name === name)!;
      Object.assign(map, { autoload: true, pinning: "by-name", ...change });
      return load(spec, { engine: "kernel", pinRoot: folder });
    };
    try {
      const bpf = await loadPinned("first");
      const { id } = bpf.structOps("first").info;
      await bpf.attach().then(([link]) => link!.detach());
      await bpf.close();
      await using again = await loadPinned("first");
      const ops = again.structOps("first");
      assert.deepEqual([ops.info.id, ops.state], [id, "ready"]);
      const link = await ops.attach();
      assert.equal(connection("ebpf_ts_cc"), 0);
      assert.equal(count(again, "first_sockets"), 0n, "the programs of the first load run");
      await link.detach();
      ops.unpin();
      assert.deepEqual(readdirSync(folder), []);

      const path = `${folder}/by_path`;
      await using byPath = await load(fixturePath("struct-ops.bpf.o"), {
        engine: "kernel",
        maps: { second: { load: true, pinPath: path } },
      });
      using opened = await openPinned(path);
      assert.ok(opened instanceof StructOps);
      assert.equal(opened.info.id, byPath.structOps("second").info.id);
      await assert.rejects(loadPinned("scheduler", { pinPath: path }), { code: "NOT_SUPPORTED" });
      await assert.rejects(loadPinned("by_hand", { pinPath: path }), {
        code: "NOT_SUPPORTED",
        message: /^Cannot use the map pinned at /,
      });
      assert.deepEqual(readdirSync(folder), ["by_path"]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const schedulers = "/sys/kernel/sched_ext";
const noSchedulers = existsSync(schedulers) ? false : "this kernel is built without CONFIG_SCHED_CLASS_EXT";

describe("struct_ops of a scheduler (sched_ext)", () => {
  const said = (file: string): string => readFileSync(`${schedulers}/${file}`, "utf8").trim();

  it("schedule all that runs, with a function that may sleep", { skip: noSchedulers }, async () => {
    await using bpf = await loadOnly("scheduler");
    const [link] = await bpf.attach();
    assert.deepEqual(link?.target, { kind: "struct_ops", struct: "sched_ext_ops" });
    assert.deepEqual([said("state"), said("root/ops"), count(bpf, "schedulers")], ["enabled", "ebpf_ts", 1n]);
    await until(() => count(bpf, "switches") > 10n, "tasks were switched to");
    await link.detach();
    await until(() => said("state") === "disabled", "the kernel's own scheduler is back");
  });
});
