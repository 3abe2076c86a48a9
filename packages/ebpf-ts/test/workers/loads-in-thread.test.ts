import assert from "node:assert/strict";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { it } from "node:test";
import { Worker } from "node:worker_threads";
import { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { onKernel } from "../suite/fixture.ts";
import { fixturePath } from "../support/fixtures.ts";
import { until } from "../kernel/kernel-fixture.ts";
import type { End } from "./loads-in-thread.ts";

const killNumber = process.arch === "arm64" ? 129 : 62;
const endings: readonly End[] = ["by itself", "process.exit", "an error", "terminate"];

/** Of eBPF, and what waits for its rings. */
function descriptors(): string[] {
  const names = readdirSync("/proc/self/fd").map((fd) => nameOf(fd));
  return names.filter((name) => /^(anon_inode:|\/dev\/null$)/.test(name)).toSorted();
}

function nameOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return "gone";
  }
}

function start(end: End): Worker {
  const workerData = { path: fixturePath("links.bpf.o"), killNumber, end };
  return new Worker(new URL("./loads-in-thread.js", import.meta.url), { workerData });
}

async function run(end: End): Promise<readonly number[]> {
  const worker = start(end);
  worker.on("error", () => {});
  const exit = new Promise<number>((resolve) => worker.once("exit", resolve));
  try {
    return await endOf(worker, end, exit);
  } finally {
    await worker.terminate();
  }
}

async function endOf(worker: Worker, end: End, exit: Promise<number>): Promise<readonly number[]> {
  const [links] = (await once(worker, "message")) as [number[]];
  assert.equal(links.length, 2);
  for (const id of links) assert.ok(!isGone(id));
  if (end === "terminate") await worker.terminate();
  else worker.postMessage("end");
  await exit;
  return links;
}

function isGone(link: number): boolean {
  const fd = linuxSys().bpf(Command.LINK_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { link_id: link }));
  if (fd >= 0) new Descriptor(fd, `link ${link}`).close();
  return fd === -Errno.ENOENT;
}

onKernel("a thread that has loaded an object, and closed nothing", () => {
  for (const end of endings) {
    it(`leaves no descriptor open, and nothing attached: its end is ${end}`, async () => {
      // The first loads koffi here, and whatever is opened once.
      await run(end);
      const before = descriptors();
      const links = await run(end);
      assert.deepEqual(descriptors(), before);
      await until(() => links.every(isGone), "the links are gone");
    });
  }
});
