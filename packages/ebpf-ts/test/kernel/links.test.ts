import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { Collection } from "../../src/collection/collection.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import { KernelLink } from "../../src/engine/kernel/kernel-link.ts";
import type { KernelProgram } from "../../src/engine/kernel/kernel-program.ts";
import { unpinObject } from "../../src/engine/kernel/pin.ts";
import { Link } from "../../src/link/link.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { Descriptor, openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { AttachType, Command, LinkType } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs, mountTracefs, type Mounted } from "../support/bpf-file-systems.ts";
import { kernelOrSkip, tracefsOrSkip } from "../support/requirements.ts";
import { changedSys, loadFixture, readSpec, until } from "./kernel-fixture.ts";

/** A large one: what tests start in place of a runtime may be a script. */
const executable = readlinkSync("/proc/self/exe");

async function collectionOf(sys: Sys = linuxSys()): Promise<Collection> {
  const spec: CollectionSpec = readSpec("links");
  return new Collection(spec, await KernelCollection.load(sys, spec, "/sys/fs/bpf"));
}

/** A descriptor of a link that somebody has, or the negative errno. */
function openLink(id: number): number {
  return linuxSys().bpf(Command.LINK_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { link_id: id }));
}

function isThere(id: number): boolean {
  const fd = openLink(id);
  if (fd >= 0) new Descriptor(fd, "a link").close();
  return fd >= 0;
}

/** The kernel may free a link a moment after its last holder has let go of it. */
function untilGone(id: number): Promise<void> {
  return until(() => !isThere(id), `link ${id} is gone`);
}

describe("kernel: links", { skip: kernelOrSkip() || tracefsOrSkip() }, () => {
  let tracefs: Mounted;
  let bpffs: Mounted;
  before(() => {
    tracefs = mountTracefs();
    bpffs = mountBpffs();
  });
  after(() => {
    bpffs.unmount();
    tracefs.unmount();
  });

  it("have the kernel's number, and its word on where they are", async () => {
    await using bpf = await collectionOf();
    const said = { first: "sys_enter_kill", raw: "sys_enter", typed: "sys_enter" };
    for (const [name, tracepoint] of Object.entries(said)) {
      const link = await bpf.program(name).attach();
      const { id, details } = link.info;
      assert.ok(isThere(id));
      assert.deepEqual(details, { tracepoint });
      await link.detach();
      await untilGone(id);
    }
  });

  it("are told of without names by kernels that have none", async () => {
    let answersLeft = Infinity;
    const sys = changedSys((real) => ({
      bpf: (command, attributes) =>
        command === Command.OBJ_GET_INFO_BY_FD && answersLeft-- === 0 ? -Errno.E2BIG : real.bpf(command, attributes),
    }));
    await using bpf = await collectionOf(sys);
    const link = await bpf.program("first").attach();
    answersLeft = 1; // to the question without names
    const { type, details } = link.info;
    assert.deepEqual([type, details], [LinkType.PERF_EVENT, {}]);
    assert.deepEqual(link.info.details, { tracepoint: "sys_enter_kill" });
  });

  it("say of a probe in which file it is", async () => {
    const collection = await loadFixture("kernel-uprobe");
    const offset = 0x1234;
    const link = await collection.programs.get("on_call")!.attach({ kind: "uprobe", path: executable, offset });
    assert.deepEqual(link.info.details, { path: executable, offset });
    await collection.close();
  });

  it("are not updated by the kernel where we say so", async () => {
    await using bpf = await collectionOf();
    for (const [name, other] of [
      ["first", "second"],
      ["raw", "raw"],
      ["typed", "typed"],
    ] as const) {
      const link = await bpf.program(name).attach();
      await assert.rejects(link.update(bpf.program(other)), { feature: "update link" });
      const descriptor = new Descriptor(openLink(link.info.id), "a link");
      const { fd } = bpf.program(other).handle as KernelProgram;
      const update = new KernelStruct(BpfAttr.link_update, { link_fd: descriptor.fd, new_prog_fd: fd, flags: 0 });
      assert.equal(linuxSys().bpf(Command.LINK_UPDATE, update), -Errno.EINVAL, name);
      descriptor.close();
      await link.detach();
    }
  });

  it("are updated where the kernel does it, as with iterators", async () => {
    const walks = ["first_walk", "second_walk"];
    const edit = ({ programs }: CollectionSpec): void => {
      for (const program of programs) program.autoload = walks.includes(program.name);
    };
    const collection = await loadFixture("links", { edit });
    const [first, second] = walks.map((name) => collection.programs.get(name) as KernelProgram) as [
      KernelProgram,
      KernelProgram,
    ];
    const engineLink = iteratorLink(first);
    const named = (handle: KernelProgram) => ({ name: handle.info.name, info: handle.info, handle });
    const link = new Link(named(first), engineLink, () => {});
    assert.deepEqual([link.info.type, link.info.programId], [LinkType.ITER, first.info.id]);
    await link.update(named(second));
    assert.deepEqual([link.program, link.info.programId], ["second_walk", second.info.id]);
    await link.detach();
    await collection.close();
  });

  it("are pinned: kept alive by a name, until that is taken away", async () => {
    const opened = openDescriptors().length;
    const bpf = await collectionOf();
    const link = await bpf.program("first").attach();
    const { id } = link.info;
    const path = join(bpffs.path, "first");
    link.pin(path);
    assert.throws(() => link.pin(join(bpffs.path, "twice")), { code: "BUSY", message: /it is pinned at / });
    link.unpin();
    assert.equal(existsSync(path), false);
    assert.throws(() => link.unpin(), { code: "NOT_FOUND", message: /not pinned/ });
    link.pin(path);
    await bpf.close();
    assert.equal(link.attached, false);
    assert.deepEqual(openDescriptors().slice(opened), []);
    assert.ok(isThere(id), "close() lets a pinned link be");
    unpinObject(path, "the link");
    await untilGone(id);
  });

  it("take their pin away when they are detached, and leave it when they are let go of", async () => {
    await using bpf = await collectionOf();
    const pinned = async (): Promise<{ link: Link; id: number; path: string }> => {
      const link = await bpf.program("raw").attach();
      const path = join(bpffs.path, "raw");
      link.pin(path);
      return { link, id: link.info.id, path };
    };
    const one = await pinned();
    await one.link.detach();
    assert.equal(existsSync(one.path), false);
    await untilGone(one.id);
    const two = await pinned();
    await two.link[Symbol.asyncDispose]();
    assert.ok(isThere(two.id));
    unpinObject(two.path, "the link");
    await untilGone(two.id);
    const three = await pinned();
    unpinObject(three.path, "the link");
    await three.link.detach();
    await untilGone(three.id);
  });

  it("outlive the process when they are pinned", async () => {
    const path = join(bpffs.path, "outlives");
    const child = fileURLToPath(new URL("./pinning-child.js", import.meta.url));
    const id = Number(execFileSync(executable, [child, path], { encoding: "utf8" }));
    try {
      assert.ok(isThere(id));
    } finally {
      unpinObject(path, "the link");
    }
    await untilGone(id);
  });

  it("say why they cannot be pinned", async () => {
    await using bpf = await collectionOf();
    const link = await bpf.program("raw").attach();
    assert.throws(() => link.pin("/tmp/link"), {
      code: "NOT_FOUND",
      message: /the link of program raw .*bpf file system/,
    });
    assert.throws(() => link.pin(join(bpffs.path, "nowhere", "link")), { code: "NOT_FOUND" });
    assert.throws(() => link.pin(""), TypeError);
    assert.equal(link.attached, true);
  });

  it("of the ioctl, on kernels before 5.15, are neither pinned nor updated", async () => {
    const sys = changedSys((real) => ({
      bpf: (command, attributes) => (command === Command.LINK_CREATE ? -Errno.EINVAL : real.bpf(command, attributes)),
    }));
    await using bpf = await collectionOf(sys);
    const link = await bpf.program("first").attach();
    assert.deepEqual(link.info, {
      id: 0,
      type: LinkType.PERF_EVENT,
      programId: bpf.program("first").info.id,
      details: {},
    });
    assert.throws(() => link.pin(join(bpffs.path, "ioctl")), { feature: "pin link", minimumVersion: "5.15" });
    await assert.rejects(link.update(bpf.program("second")), { feature: "update link" });
    await assert.rejects(bpf.program("first").attach(), { code: "BUSY", message: /attached there already/ });
  });

  it("that the kernel refuses for another reason are not tried in the old way", async () => {
    const asked: number[] = [];
    const sys = changedSys((real) => ({
      bpf: (command, attributes) => (command === Command.LINK_CREATE ? -Errno.EPERM : real.bpf(command, attributes)),
      ioctl: (fd, request, argument) => {
        asked.push(request);
        return real.ioctl(fd, request, argument);
      },
    }));
    await using bpf = await collectionOf(sys);
    await assert.rejects(
      bpf.program("first").attach(),
      (error) => error instanceof EbpfError && error.code === "NO_PRIVILEGE",
    );
    assert.deepEqual(asked, []);
  });
});

/** As a file of `engine/kernel/attach/` would make it. */
function iteratorLink(program: KernelProgram): KernelLink {
  const sys = linuxSys();
  const create = new KernelStruct(BpfAttr.link_create, { prog_fd: program.fd, attach_type: AttachType.TRACE_ITER });
  const link = new Descriptor(sys.bpf(Command.LINK_CREATE, create), "a link");
  const attachment = { parts: [{ link }] };
  const target = { kind: "tp_btf", name: "stands for an iterator" } as const;
  const descriptorOf = (other: unknown): number => (other as KernelProgram).fd;
  return new KernelLink({ sys, attachment, target, program: program.info, descriptorOf }, () => {});
}
