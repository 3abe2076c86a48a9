import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import type { KernelProgram } from "../../src/engine/kernel/kernel-program.ts";
import { pinObject } from "../../src/engine/kernel/pin.ts";
import type { EngineProgram } from "../../src/engine/program.ts";
import { embeddedEngine } from "../../src/embedded.ts";
import { openPinnedLink } from "../../src/index.ts";
import type { LinkedProgram } from "../../src/link/link.ts";
import { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { AttachType, Command, LinkType } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs, mountTracefs, type Mounted } from "../support/bpf-file-systems.ts";
import { kernelOrSkip, linuxOrSkip, tracefsOrSkip } from "../support/requirements.ts";
import { loadFixture, readSpec } from "./kernel-fixture.ts";

const path = readlinkSync("/proc/self/exe");
const uprobe = { kind: "uprobe", path, offset: 0x1234 } as const;

const named = (handle: EngineProgram): LinkedProgram => ({ name: handle.info.name, info: handle.info, handle });

async function loadWalks(): Promise<KernelCollection> {
  const spec = readSpec("links");
  for (const program of spec.programs) program.autoload = program.name.endsWith("_walk");
  return KernelCollection.load(linuxSys(), spec, "/sys/fs/bpf");
}

/** Attached to all maps there are, which nobody reads. */
function iteratorLink(program: KernelProgram): Descriptor {
  const create = new KernelStruct(BpfAttr.link_create, { prog_fd: program.fd, attach_type: AttachType.TRACE_ITER });
  return new Descriptor(linuxSys().bpf(Command.LINK_CREATE, create), "a link");
}

describe("kernel: links that are reopened from pins", { skip: kernelOrSkip() || tracefsOrSkip() }, () => {
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

  const places: readonly [string, string, AttachTarget | undefined, AttachTarget][] = [
    ["links", "first", undefined, { kind: "tracepoint", category: "syscalls", name: "sys_enter_kill" }],
    ["links", "raw", undefined, { kind: "raw_tracepoint", name: "sys_enter" }],
    ["links", "typed", undefined, { kind: "tp_btf", name: "sys_enter" }],
    ["kernel-uprobe", "on_call", uprobe, { ...uprobe, returns: false }],
    ["kernel-uprobe", "on_call", { ...uprobe, returns: true }, { ...uprobe, returns: true }],
  ];
  for (const [object, name, told, target] of places) {
    it(
      `say where they are: ${JSON.stringify({ ...target, path: undefined })}`,
      { skip: linuxOrSkip("6.6") },
      async () => {
        const pin = join(bpffs.path, name);
        const collection = await loadFixture(object);
        const link = await collection.programs.get(name)!.attach(told);
        link.pin!(pin);
        const { id, details } = link.info;
        await collection.close();
        const again = await openPinnedLink(pin);
        try {
          assert.deepEqual(again.target, target);
          assert.deepEqual([again.info.id, again.info.details], [id, details]);
          const other = await loadFixture(object);
          await assert.rejects(again.update(named(other.programs.get(name)!)), {
            feature: "update link",
            message: new RegExp(`pinned at ${pin}`),
          });
          await other.close();
        } finally {
          again.detach();
        }
        assert.throws(() => again.target, { code: "CLOSED" });
        await assert.rejects(again.update(undefined as never), TypeError);
      },
    );
  }

  it("are updated where the kernel does it, as with iterators", async () => {
    const collection = await loadWalks();
    const [first, second] = ["first_walk", "second_walk"].map((name) => collection.programs.get(name) as KernelProgram);
    const descriptor = iteratorLink(first!);
    const pin = join(bpffs.path, "walk");
    pinObject(linuxSys(), descriptor, pin, "the link");
    descriptor.close();
    const again = await openPinnedLink(pin);
    try {
      const { type, programId, details } = again.info;
      assert.deepEqual([type, programId, details], [LinkType.ITER, first!.info.id, { target: "bpf_map" }]);
      assert.deepEqual(again.target, { kind: "iter", name: "bpf_map" });
      await again.update(named(second!));
      assert.equal(again.info.programId, second!.info.id);
      const others = await loadFixture("kernel-run");
      const other = others.programs.values().next().value!;
      await assert.rejects(again.update(named(other)), { errnoName: "EINVAL", message: /of that type/ });
      await others.close();
      const options = { onPrint: () => {}, onFault: () => {} };
      const embedded = await embeddedEngine().load(readSpec("calls"), options);
      const foreign = embedded.programs.values().next().value!;
      await assert.rejects(again.update(named(foreign)), /^TypeError: .*another engine/);
      await embedded.close();
    } finally {
      again.detach();
      await collection.close();
    }
    await assert.rejects(again.update(named(second!)), { code: "CLOSED" });
  });
});
