import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import { load, openById, type OpenOptions, openPinned } from "../../src/index.ts";
import { BpfMap } from "../../src/map/bpf-map.ts";
import { PerfEventArray } from "../../src/map/perf/perf-event-array.ts";
import { RingBuf } from "../../src/map/ring-buf.ts";
import { UserRingBuf } from "../../src/map/user-ring-buf.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { Fixture, fixture, onKernel } from "./fixture.ts";

const spec = (name: string): CollectionSpec => parse(readFileSync(fixturePath(`${name}.bpf.o`)));

/** The thread that waits for rings comes and goes as it likes. */
const mapDescriptors = (): string[] => openDescriptors().filter((what) => !what.includes("poller"));

/** Runs with a bpf file system of its own, which is gone afterwards, whatever happens. */
async function inBpffs(use: (folder: string) => Promise<void>): Promise<void> {
  const before = mapDescriptors();
  const folder = mountBpffs();
  try {
    await use(folder.path);
    assert.deepEqual(mapDescriptors(), before);
  } finally {
    folder.unmount();
  }
}

onKernel("reopen: a pinned event ring", () => {
  it("has its true size, and the events that its programs write", () =>
    inBpffs(async (folder) => {
      const path = `${folder}/events`;
      const loaded = await fixture("kernel", "ring", (edited) => {
        edited.maps.find(({ name }) => name === "events")!.maxEntries = 3 * 4096;
      });
      loaded.bpf.ringBuf("events").pin(path);
      await loaded.call("burst", { size: 3, value: 7n });

      const ring = await openPinned(path, { types: spec("ring") });
      assert.ok(ring instanceof RingBuf);
      assert.equal(ring.size, 4 * 4096);
      assert.equal(ring.name, "events");
      assert.equal(ring.available, 48);
      const seen: unknown[] = [];
      for await (const event of ring) {
        seen.push(event);
        if (seen.length === 3) setImmediate(() => void loaded.call("burst", { size: 1, value: 10n }));
        if (seen.length === 4) break;
      }
      assert.deepEqual(
        seen,
        [7n, 8n, 9n, 10n].map((value) => ({ value })),
      );
      // It outlives the collection.
      await loaded.bpf.close();
      assert.equal(ring.waitSync(1), false);
      ring.close();
      ring.close();
      assert.throws(() => ring.drain(() => {}), { code: "CLOSED" });
      assert.throws(() => ring.events(), { code: "CLOSED" });
    }));

  it("its records: of a named type of the object or its BTF, or bytes", () =>
    inBpffs(async (folder) => {
      const path = `${folder}/events`;
      await using loaded = await fixture("kernel", "ring");
      loaded.bpf.ringBuf("events").pin(path);
      const first = async (options: OpenOptions): Promise<unknown> => {
        await loaded.call("burst", { size: 1, value: 5n });
        const ring = (await openPinned(path, options)) as RingBuf;
        try {
          return (await ring.events().next()).value;
        } finally {
          ring.close();
        }
      };
      assert.deepEqual(await first({ types: spec("ring"), record: "struct record" }), { value: 5n });
      assert.deepEqual(await first({ types: spec("ring").btf, record: "record" }), { value: 5n });
      assert.deepEqual(await first({}), new Uint8Array([5, 0, 0, 0, 0, 0, 0, 0]));
      await assert.rejects(first({ types: spec("ring"), record: "nothing" }), {
        code: "NOT_FOUND",
        message: "Cannot open map events with records of type nothing: there is no such type in its BTF",
      });
      await assert.rejects(first({ record: "record" }), { code: "NOT_FOUND", message: /give the object in types/ });
      await loaded.bpf.close();
    }));

  it("keeps what was lost unknown", () =>
    inBpffs(async (folder) => {
      await using loaded = await fixture("kernel", "ring");
      loaded.bpf.ringBuf("events").pin(`${folder}/events`);
      using ring = (await openPinned(`${folder}/events`)) as RingBuf;
      assert.equal(ring.lost, undefined);
      ring.close();
      await loaded.bpf.close();
    }));
});

onKernel("reopen: a pinned user ring", () => {
  it("is written with the types of the object, and drained by its programs", () =>
    inBpffs(async (folder) => {
      const path = `${folder}/samples`;
      await using loaded = await fixture("kernel", "user-ring");
      const known = loaded.bpf.userRingBuf("samples");
      known.pin(path);
      const ring = await openPinned(path, { types: spec("user-ring") });
      assert.ok(ring instanceof UserRingBuf);
      assert.equal(ring.size, known.size);
      ring.send(new Uint8Array(16));
      assert.equal(known.producerPosition, 24n);
      assert.equal(known.occupied, 24);
      ring.close();
      await loaded.bpf.close();
    }));
});

onKernel("reopen: maps", () => {
  it("typed by what the kernel keeps with them", () =>
    inBpffs(async (folder) => {
      const pinRoot = `${folder}/maps`;
      const bpf = await load(fixturePath("kernel-maps.bpf.o"), { engine: "kernel", pinRoot });
      bpf.map<number, bigint>("kept").set(3, 33n);
      const id = bpf.map("kept").info.id;
      await bpf.close();

      const pinned = await openPinned(`${pinRoot}/kept`);
      assert.ok(pinned instanceof BpfMap);
      assert.deepEqual([...pinned.entries()], [[3, 33n]]);
      pinned.set(4, 44n);
      const sameById = (await openById(id)) as BpfMap<number, bigint>;
      assert.equal(sameById.get(4), 44n);
      assert.equal(sameById.info.maxEntries, 8);
      sameById.close();
      assert.equal(pinned.get(3), 33n);
      pinned.close();
      pinned.close();
      for (const use of [
        () => pinned.get(3),
        () => pinned.set(1, 1n),
        () => [...pinned.keys()],
        () => pinned.pin(`${folder}/x`),
      ]) {
        assert.throws(use, { code: "CLOSED", message: /is closed$/ });
      }
    }));

  it("typed by names, which must fit", async () => {
    await using loaded = await fixture("kernel", "kernel-maps", (edited) => {
      for (const map of edited.maps) map.pinning = "none";
    });
    const map = loaded.bpf.map<number, bigint>("many");
    map.set(1, 2n);
    const { id } = map.info;
    using typed = (await openById(id, { types: spec("kernel-maps"), key: "unsigned int", value: "__u64" })) as BpfMap;
    assert.deepEqual([...typed], [[1, 2n]]);
    using fromSpec = (await openById(id, { types: spec("kernel-maps") })) as BpfMap;
    assert.deepEqual([...fromSpec], [[1, 2n]]);
    using bytes = (await openById(id, { types: spec("kernel-maps").btf })) as BpfMap;
    assert.deepEqual([...bytes], [[new Uint8Array([1, 0, 0, 0]), new Uint8Array([2, 0, 0, 0, 0, 0, 0, 0])]]);
    await assert.rejects(openById(id, { types: spec("kernel-maps"), value: "add_context" }), {
      code: "BAD_VALUE",
      message: "Cannot open map many: its values have 8 bytes, and the type given for them has 16",
    });
    await assert.rejects(openById(id, { key: "__u16" }), { code: "NOT_FOUND" });
  });

  it("a mapped array has its memory, until it is closed", async () => {
    await using loaded = await fixture("kernel", "memory");
    const known = loaded.bpf.map<number, bigint>("counters");
    const map = (await openById(known.info.id)) as BpfMap<number, bigint>;
    const memory = map.memory();
    memory.set(3, 5n);
    assert.equal(known.get(3), 5n);
    map.close();
    assert.throws(() => memory.get(3), { code: "CLOSED" });
    assert.throws(() => map.memory().get(3), { code: "CLOSED" });
  });
});

onKernel("reopen: a perf event array", () => {
  const emit = async (loaded: Fixture, first: number, count: number): Promise<void> => {
    const context = new Uint8Array(new BigUint64Array([BigInt(first), BigInt(count)]).buffer);
    await loaded.bpf.program("emit").run({ context, cpu: 0 });
  };

  it("pinned: gets rings of its own, and outlives its object", () =>
    inBpffs(async (folder) => {
      const path = `${folder}/events`;
      const loaded = await fixture("kernel", "perf");
      loaded.bpf.perfEventArray("events").pin(path);
      loaded.bpf.perfEventArray("events").close();
      const perf = await openPinned(path, { types: spec("perf"), record: "event", perf: { pages: 2 } });
      assert.ok(perf instanceof PerfEventArray);
      assert.equal(perf.size, 2 * 4096);
      await emit(loaded, 7, 2);
      const seen: unknown[] = [];
      for await (const { event } of perf.events({ until: Promise.resolve() })) seen.push(event);
      assert.deepEqual(seen, [
        { number: 7n, cpu: 0, text: "perf" },
        { number: 8n, cpu: 0, text: "perf" },
      ]);
      perf.close();
      perf.close();
      assert.throws(() => perf.events(), { code: "CLOSED" });
      assert.throws(() => perf.pin(path), { code: "CLOSED" });
      await emit(loaded, 9, 1);
      assert.equal(loaded.bpf.variable("result").get(), -2n);
      await loaded.bpf.close();
    }));

  it("by its id: takes the places of another reader, without types as bytes", () =>
    inBpffs(async () => {
      const engine = await kernelEngine().load(spec("perf"), { onPrint: () => {}, onFault: () => {} });
      const loaded = new Fixture(spec("perf"), engine);
      const known = loaded.bpf.perfEventArray("events");
      await emit(loaded, 1, 1);
      const { id } = engine.maps.get("events")!.info;
      const perf = (await openById(id, { perf: { overwritable: true } })) as PerfEventArray<Uint8Array>;
      await emit(loaded, 2, 1);
      assert.equal(known.drain(() => {}).delivered, 1);
      assert.deepEqual(
        perf.snapshot().map(({ event }) => event[0]),
        [2],
      );
      perf.close();
      await loaded.bpf.close();
    }));

  it("is refused with options that make no sense, and nothing stays open", () =>
    inBpffs(async (folder) => {
      const path = `${folder}/events`;
      const loaded = await fixture("kernel", "perf");
      loaded.bpf.perfEventArray("events").pin(path);
      await loaded.bpf.close();
      await assert.rejects(openPinned(path, { perf: { pages: 3 } }), RangeError);
      await assert.rejects(openPinned(path, { perf: { page: 3 } as never }), /Unknown option page/);
      await assert.rejects(openPinned(path, { types: spec("perf"), record: "nothing" }), { code: "NOT_FOUND" });
      await using other = await fixture("kernel", "ring");
      other.bpf.ringBuf("events").pin(`${folder}/ring`);
      await assert.rejects(openPinned(`${folder}/ring`, { perf: {} }), /no perf event array/);
      await other.bpf.close();
    }));
});

onKernel("reopen: what is not there", () => {
  it("a path with nothing, outside of any bpf file system, a folder, a program: a sentence each", () =>
    inBpffs(async (folder) => {
      await using loaded = await fixture("kernel", "ring");
      mkdirSync(`${folder}/deeper`);
      const engine = await kernelEngine().load(spec("ring"), { onPrint: () => {}, onFault: () => {} });
      engine.programs.get("burst")!.pin!(`${folder}/burst`);
      await engine.close();
      const refused: [path: string, message: RegExp][] = [
        [`${folder}/nothing`, /^Cannot open .*\/nothing: there is nothing at that path$/],
        [`${folder}/burst/below`, /^Cannot open .*\/below: there is nothing at that path$/],
        [`${folder}/events.1`, /^Cannot open .*\/events\.1: names in a bpf file system have no dot$/],
        [`${folder}/.events/below`, /^Cannot open .*\/below: names in a bpf file system have no dot$/],
        [`${folder}/deeper`, /^Cannot open .*\/deeper: it is a folder, name what is pinned in it$/],
        [
          "/etc/passwd",
          /^Cannot open \/etc\/passwd: it is not in a bpf file system, so that nothing can be pinned there$/,
        ],
        [`${folder}/burst`, /^Cannot open .*\/burst as a map: it is something else, a bpf-prog$/],
      ];
      for (const [path, message] of refused) await assert.rejects(openPinned(path), { code: "NOT_FOUND", message });
      await loaded.bpf.close();
    }));

  it("a file that is named as if it were pinned", async () => {
    const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-forged-"));
    try {
      writeFileSync(join(folder, "events"), "bpf");
      await assert.rejects(openPinned(join(folder, "events")), {
        code: "NOT_FOUND",
        message: /not in a bpf file system/,
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("ids that no map has, or can have", async () => {
    await assert.rejects(openById(0xffff_ffff), {
      code: "NOT_FOUND",
      message: "Cannot open map 4294967295: there is no map with that id",
    });
    for (const id of [-1, 1.5, Number.NaN, 2 ** 32]) await assert.rejects(openById(id), RangeError);
  });

  it("arguments that make no sense", async () => {
    for (const path of ["", "a\0b"]) await assert.rejects(openPinned(path), TypeError);
    await assert.rejects(openPinned("/", { typ: 1 } as OpenOptions), {
      name: "TypeError",
      message: /options are types, key/,
    });
  });
});
