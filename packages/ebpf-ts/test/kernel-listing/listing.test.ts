import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import type { KernelProgram } from "../../src/engine/kernel/kernel-program.ts";
import { load } from "../../src/index.ts";
import {
  btfs,
  countRuns,
  detachLink,
  findBtf,
  findLink,
  findMap,
  findProgram,
  holders,
  links,
  maps,
  pinById,
  pins,
  programs,
  readBtf,
} from "../../src/kernel/index.ts";
import { mapsOf } from "../../src/kernel/listing/maps.ts";
import { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { AttachType, Command, LinkType, ProgType } from "../../src/uapi/uapi.gen.ts";
import { changedSys, loadFixture } from "../kernel/kernel-fixture.ts";
import { mountBpffs, type Mounted } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, linuxOrSkip } from "../support/requirements.ts";

interface Listed {
  readonly id: number;
  readonly [name: string]: unknown;
}

/** What bpftool says of one object. */
function bpftool(kind: string, id: number): Listed {
  return JSON.parse(execFileSync("bpftool", ["-j", kind, "show", "id", `${id}`], { encoding: "utf8" })) as Listed;
}

describe("kernel: what is loaded", { skip: kernelOrSkip() }, () => {
  let collection: KernelCollection;
  let bpffs: Mounted;
  before(async () => {
    bpffs = mountBpffs();
    collection = await loadFixture("kernel-run");
  });
  after(async () => {
    await collection.close();
    bpffs.unmount();
  });

  it("programs are those that bpftool lists, with the same facts", () => {
    const listed = [...programs()];
    for (const { info } of collection.programs.values()) {
      const ours = listed.find(({ id }) => id === info.id);
      assert.ok(ours, `program ${info.name} is listed`);
      const { id, type, name, tag, ...told } = bpftool("prog", info.id);
      assert.deepEqual(
        { id: ours.id, type: ours.typeName, name: ours.name, tag: ours.tag },
        { id, type, name, tag },
        "the identity",
      );
      assert.deepEqual([ours.gplCompatible, ours.uid], [told["gpl_compatible"], told["uid"]]);
      assert.deepEqual([ours.translatedSize, ours.memory], [told["bytes_xlated"], told["bytes_memlock"]]);
      assert.equal(ours.jitedSize, told["bytes_jited"] ?? 0);
      assert.deepEqual(ours.maps, told["map_ids"] ?? []);
      assert.equal(ours.btf, told["btf_id"] ?? 0);
      assert.ok(Math.abs(ours.loadedAt.getTime() / 1000 - Number(told["loaded_at"])) <= 2, "when it was loaded");
      assert.deepEqual({ ...findProgram(info.id), loadedAt: ours.loadedAt }, ours);
    }
    const ids = listed.map(({ id }) => id);
    assert.deepEqual(
      ids,
      [...ids].sort((a, b) => a - b),
      "in order",
    );
  });

  it("a name that the kernel cuts is told whole", async () => {
    await using bpf = await load(readFileSync(fixturePath("links.bpf.o")), { engine: "kernel" });
    for (const program of bpf.programs.values()) assert.equal(findProgram(program.info.id)?.name, program.name);
  });

  it("maps have the sizes that bpftool tells", async () => {
    const loaded = await loadFixture("kernel-maps", {
      edit: ({ maps: all }) => all.forEach((map) => (map.pinning = "none")),
    });
    after(() => loaded.close());
    const listed = new Map([...maps()].map((map) => [map.id, map]));
    for (const { info } of loaded.maps.values()) {
      const ours = listed.get(info.id)!;
      const told = bpftool("map", info.id);
      assert.deepEqual(
        [ours.id, ours.typeName, ours.name, ours.flags, ours.keySize, ours.valueSize, ours.maxEntries, ours.memory],
        ["id", "type", "name", "flags", "bytes_key", "bytes_value", "max_entries", "bytes_memlock"].map(
          (name) => told[name] ?? (name === "name" ? "" : 0),
        ),
      );
      assert.equal(Number(ours.frozen), told["frozen"]);
      assert.equal(ours.btf, told["btf_id"] ?? 0);
      assert.deepEqual(findMap(info.id), ours);
    }
  });

  it("links say where they are, and are pinned and found by their pins", async () => {
    await using bpf = await load(readFileSync(fixturePath("links.bpf.o")), { engine: "kernel" });
    const link = await bpf.program("raw").attach({ kind: "raw_tracepoint", name: "sys_enter" });
    const { id } = link.info;
    const ours = [...links()].find((each) => each.id === id);
    assert.deepEqual(ours, {
      id,
      type: LinkType.RAW_TRACEPOINT,
      typeName: "raw_tracepoint",
      programId: bpf.program("raw").info.id,
      details: { tracepoint: "sys_enter" },
    });
    const told = bpftool("link", id);
    assert.deepEqual(
      [told["type"], told["prog_id"], told["tp_name"]],
      ["raw_tracepoint", ours!.programId, "sys_enter"],
    );
    const paths = { link: join(bpffs.path, "link"), program: join(bpffs.path, "program") };
    pinById("link", id, paths.link);
    pinById("program", ours!.programId, paths.program);
    assert.deepEqual(pins().link.get(id), [paths.link]);
    assert.deepEqual(pins().program.get(ours!.programId), [paths.program]);
    assert.throws(() => pinById("link", id, paths.link), { code: "BUSY", message: /of that name/ });
    assert.throws(() => detachLink(id), {
      code: "NOT_SUPPORTED",
      message: /Cannot detach link \d+: the kernel detaches/,
    });
  });

  it("links of many places in a file say which file", { skip: linuxOrSkip("6.8") }, async () => {
    const loaded = await loadFixture("kernel-uprobe", {
      edit: (spec) => {
        for (const program of spec.programs) program.attachType = AttachType.TRACE_UPROBE_MULTI;
      },
    });
    after(() => loaded.close());
    const path = readlinkSync("/proc/self/exe");
    const program = [...loaded.programs.values()][0] as KernelProgram;
    const given = { path, offsets: new BigUint64Array([0x1234n, 0x1300n]), cnt: 2, pid: process.pid };
    const create = new KernelStruct(BpfAttr.link_create, {
      prog_fd: program.fd,
      attach_type: AttachType.TRACE_UPROBE_MULTI,
      uprobe_multi: given,
    });
    const link = new Descriptor(linuxSys().bpf(Command.LINK_CREATE, create), "a link");
    const found = [...links()].find(({ programId }) => programId === program.info.id);
    link.close();
    assert.equal(found?.typeName, "uprobe_multi");
    assert.deepEqual(found?.details, { path, places: 2, pid: process.pid });
  });

  it("BTF is listed, and read", async () => {
    const id = findProgram([...collection.programs.values()][0]!.info.id)!.btf;
    const ours = [...btfs()].find((each) => each.id === id);
    assert.deepEqual(ours, findBtf(id));
    assert.deepEqual([ours!.size, ours!.kernel], [bpftool("btf", id)["size"], false]);
    const types = await readBtf(id);
    assert.ok(types.length > 1);
    const kernel = [...btfs()].find(({ name }) => name === "vmlinux");
    assert.equal(kernel?.kernel, true);
    await assert.rejects(readBtf(0xffff_fff0), { code: "NOT_FOUND" });
  });

  it("who holds a program and its maps is this process", () => {
    const { program, map } = holders();
    for (const { info } of collection.programs.values()) {
      const [holder] = program.get(info.id) ?? [];
      assert.equal(holder?.pid, process.pid);
      assert.equal(holder?.comm, readFileSync("/proc/self/comm", "utf8").trim());
    }
    for (const { info } of collection.maps.values()) assert.equal(map.get(info.id)?.[0]?.pid, process.pid);
  });

  it("runs are counted while somebody wants it", async () => {
    const program = [...collection.programs.values()].find(({ info }) => info.type === ProgType.SYSCALL)!;
    const count = (): bigint => findProgram(program.info.id)!.runCount;
    const before = count();
    {
      using counting = countRuns();
      await program.run({ context: new Uint8Array(24) });
      counting.close();
    }
    assert.equal(count(), before + 1n);
    assert.ok(findProgram(program.info.id)!.runTimeNs > 0n);
  });

  it("what goes away while it is listed is left out", () => {
    const sys = changedSys((real) => ({
      bpf: (command, attributes) =>
        command === Command.MAP_GET_FD_BY_ID ? -Errno.ENOENT : real.bpf(command, attributes),
    }));
    assert.deepEqual([...mapsOf(sys)], []);
  });

  it("who has the privilege is not told that he lacks it", () => {
    const sys = changedSys(() => ({ bpf: () => -Errno.EPERM }));
    assert.throws(() => [...mapsOf(sys)], {
      code: "NO_PRIVILEGE",
      message: /^Cannot list maps: the kernel refuses it in spite of the privilege \(EPERM\)/,
    });
  });

  it("none of that number is undefined, or NOT_FOUND", () => {
    const none = 0xffff_fff0;
    assert.deepEqual([findProgram(none), findMap(none), findLink(none), findBtf(none)], Array(4).fill(undefined));
    assert.throws(() => pinById("map", none, "/sys/fs/bpf/x"), {
      code: "NOT_FOUND",
      message: `Cannot pin map ${none}: there is no map with the id ${none}`,
    });
  });
});
