/** Probes that a program of user space defines itself, by real passings of them; with our header, and with that of Debian's libbpf. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Collection } from "../../src/collection/collection.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { NativeFolder, nativeOrSkip, RunningProgram } from "../support/native.ts";
import { isLinuxAtLeast } from "../support/requirements.ts";

interface Passing {
  readonly first: bigint;
  readonly second: bigint;
  readonly third: bigint;
  readonly cookie: bigint;
  readonly tgid: number;
  readonly count: number;
  readonly text: string;
}

const objects = ["usdt-target.bpf.o", "usdt-libbpf.bpf.o"];

const open = (object: string, options: LoadOptions = {}): Promise<Collection> =>
  load(fixturePath(object), { engine: "kernel", ...options });

async function passings(bpf: Collection): Promise<Passing[]> {
  const all: Passing[] = [];
  for await (const each of bpf.ringBuf<Passing>("passed").events({ until: Promise.resolve() })) all.push(each);
  return all;
}

function addressesIn(bpf: Collection): number {
  let count = 0;
  for (const _ of bpf.map("__bpf_usdt_ip_to_spec_id")) count += 1;
  return count;
}

describe("USDT", { skip: nativeOrSkip() }, () => {
  let folder: NativeFolder;
  let program: string;
  let fixed: string;
  before(() => {
    folder = new NativeFolder();
    program = folder.compile("target.c", "target");
    fixed = folder.compile("target.c", "fixed", "-no-pie");
  });
  after(() => folder.remove());

  for (const object of objects) {
    it(`${object}: arguments, cookie and process of each passing, at all places of a probe`, async () => {
      await using bpf = await open(object);
      await using running = new RunningProgram(program);
      await using other = new RunningProgram(program);
      const at = { kind: "usdt", path: program, provider: "target" } as const;
      const told = await bpf.program("on_told").attach({ ...at, name: "told", cookie: 2n ** 63n });
      const busy = await bpf.program("on_busy").attach({ ...at, name: "busy", pid: running.pid, cookie: 5 });
      assert.equal(told.info.parts, undefined);
      if (isLinuxAtLeast("6.10")) {
        // By one link, whatever the number of places.
        assert.deepEqual([told.info.type, busy.info.type], [LinkType.UPROBE_MULTI, LinkType.UPROBE_MULTI]);
        assert.deepEqual(busy.info.details, { path: program, places: 2, pid: running.pid });
      } else assert.equal(busy.info.parts?.length, 2);
      assert.equal(await running.ask(-3), "-11 2", "the semaphore says that somebody looks, at each place");
      await running.ask(4);
      assert.equal(await other.ask(2), "9 0");
      const seen = await passings(bpf);
      const common = { second: 0n, third: -7n, cookie: -(2n ** 63n), count: 3 };
      const small = { third: 0n, cookie: 5n, count: 2, text: "", tgid: running.pid };
      assert.deepEqual(seen, [
        { ...common, first: -3n, tgid: running.pid, text: "-3\n" },
        { ...small, first: -3n, second: 253n },
        { ...common, first: 4n, tgid: running.pid, text: "4\n" },
        { ...small, first: 42n, second: 4n },
        { ...common, first: 2n, tgid: other.pid, text: "2\n" },
      ]);
      await busy.detach();
      assert.equal(await running.ask(1), "5 0", "nobody looks any more");
    });

    it(`${object}: by the address, where kernels have no cookies`, async () => {
      await using bpf = await open(object, { kconfig: { LINUX_HAS_BPF_COOKIE: false } });
      await using running = new RunningProgram(program);
      await using second = new RunningProgram(fixed);
      const at = { kind: "usdt", provider: "target", name: "told" } as const;
      await bpf.program("on_told").attach({ ...at, path: program, pid: running.pid, cookie: 1 });
      const link = await bpf.program("on_told").attach({ ...at, path: fixed, cookie: 2 });
      await running.ask(8);
      await second.ask(9);
      const seen = (await passings(bpf)).map(({ first, cookie }) => [first, cookie]);
      assert.deepEqual(seen, [
        [8n, 1n],
        [9n, 2n],
      ]);
      assert.equal(addressesIn(bpf), 2);
      await link.detach();
      assert.equal(addressesIn(bpf), 1);
    });
  }

  it("by the section's name, and numbers of entries are free again after a detachment", async () => {
    await using bpf = await open("usdt-target.bpf.o");
    await using running = new RunningProgram(program);
    const descriptors = openDescriptors().length;
    const target = { kind: "usdt", path: program, provider: "target", name: "busy" } as const;
    for (let turn = 0; turn < 3; turn += 1) await (await bpf.program("on_busy").attach(target)).detach();
    assert.equal(openDescriptors().length, descriptors);
    for (let turn = 0; turn < 2; turn += 1) await bpf.program("on_busy").attach(target);
    const message = /more than 4 places of probes: define BPF_USDT_MAX_SPEC_CNT/;
    await assert.rejects(bpf.program("on_busy").attach(target), { code: "NO_SPACE", message });
    await running.ask(3);
    assert.deepEqual(
      (await passings(bpf)).map(({ first }) => first),
      [3n, 3n],
    );
  });

  it("a probe that there is not, and what is no program of probes", async () => {
    await using bpf = await open("usdt-target.bpf.o");
    const descriptors = openDescriptors().length;
    const refused = (where: object, error: object): Promise<void> =>
      assert.rejects(
        bpf.program("on_told").attach({ kind: "usdt", path: program, provider: "target", name: "told", ...where }),
        error,
      );
    await refused({ name: "tolt" }, { code: "NOT_FOUND", message: /did you mean target:told\?/ });
    await refused({ path: "/nowhere" }, { code: "NOT_FOUND", message: /no such file/ });
    await refused({ path: fixturePath("native/target.c") }, { code: "BAD_OBJECT", message: /not an ELF file/ });
    await refused({ pid: 2 ** 22 + 1 }, { message: /no process/ });
    await refused({ name: undefined }, TypeError);
    await assert.rejects(bpf.program("on_told").attach(), { code: "NOT_FOUND", message: /usdt\/\/path:provider:name/ });
    assert.equal(openDescriptors().length, descriptors);
    await using other = await open("user-probes.bpf.o");
    await assert.rejects(
      other.program("on_call").attach({ kind: "usdt", path: program, provider: "target", name: "told" }),
      { code: "BAD_OBJECT", message: /no map __bpf_usdt_specs, include bpf\/usdt\.bpf\.h/ },
    );
  });
});
