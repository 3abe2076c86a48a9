import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { it } from "node:test";
import { EbpfError, NotSupportedError, openPinned, openPinnedLink, openPinnedProgram } from "../../src/index.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { type Fixture, fixture, onEachEngine, onKernel } from "./fixture.ts";

interface Noun {
  pin(path: string): void;
  unpin(): void;
}

/** Of every bpf file system. */
const own = ["maps.debug", "progs.debug"];

const objects = ["maps", "loss", "user-ring", "map-values", "perf"] as const;

async function allNouns(engine: "kernel" | "embedded"): Promise<{ loaded: Fixture[]; nouns: Record<string, Noun> }> {
  const loaded: Fixture[] = [];
  for (const name of objects) loaded.push(await fixture(engine, name));
  const [maps, loss, users, values, perf] = loaded.map(({ bpf }) => bpf);
  const program = users!.programs.values().next().value!;
  return {
    loaded,
    nouns: {
      BpfMap: maps!.map("hash"),
      RingBuf: loss!.ringBuf("first"),
      UserRingBuf: users!.userRingBuf("samples"),
      Queue: values!.queue("queue"),
      BloomFilter: values!.bloomFilter("filter"),
      PerfEventArray: perf!.perfEventArray([...perf!.maps.keys()].find((name) => isPerf(perf!.spec, name))!),
      Program: program,
    },
  };
}

function isPerf({ maps }: Fixture["bpf"]["spec"], name: string): boolean {
  return maps.find((map) => map.name === name)!.type === 4;
}

onKernel("pins", () => {
  it("every noun that is pinned can be unpinned, and is pinned in one place at a time", async () => {
    const folder = mountBpffs();
    const { loaded, nouns } = await allNouns("kernel");
    try {
      for (const [name, noun] of Object.entries(nouns)) {
        const path = `${folder.path}/${name}`;
        assert.throws(() => noun.unpin(), { code: "NOT_FOUND", message: /^Cannot unpin .*: it is not pinned$/ }, name);
        noun.pin(path);
        assert.ok(existsSync(path), name);
        assert.throws(() => noun.pin(`${path}2`), { code: "BUSY", message: /it is pinned at / }, name);
        noun.unpin();
        assert.equal(existsSync(path), false, name);
        noun.pin(`${path}2`);
        noun.unpin();
      }
      assert.deepEqual(
        readdirSync(folder.path).filter((name) => !own.includes(name)),
        [],
      );
    } finally {
      for (const { bpf } of loaded) await bpf.close();
      folder.unmount();
    }
  });

  it("what is reopened is unpinned from where it was opened", async () => {
    const folder = mountBpffs();
    const { loaded, nouns } = await allNouns("kernel");
    try {
      nouns["BpfMap"]!.pin(`${folder.path}/map`);
      nouns["Program"]!.pin(`${folder.path}/program`);
      const map = await openPinned(`${folder.path}/map`);
      map.unpin();
      assert.throws(() => map.unpin(), { code: "NOT_FOUND" });
      map.close();
      // Somebody else was faster.
      assert.throws(() => nouns["BpfMap"]!.unpin(), { code: "NOT_FOUND", message: /there is nothing at/ });
      await using program = await openPinnedProgram(`${folder.path}/program`);
      program.unpin();
      await using links = await fixture("kernel", "links");
      const [link] = await links.bpf.attach();
      link!.pin(`${folder.path}/link`);
      const again = await openPinnedLink(`${folder.path}/link`);
      again.unpin();
      assert.throws(() => again.unpin(), { code: "NOT_FOUND" });
      again.detach();
      assert.deepEqual(
        readdirSync(folder.path).filter((name) => !own.includes(name)),
        [],
      );
    } finally {
      for (const { bpf } of loaded) await bpf.close();
      folder.unmount();
    }
  });
});

onEachEngine("pins", (engine) => {
  it("after close they say so", async () => {
    const { loaded, nouns } = await allNouns(engine);
    for (const { bpf } of loaded) await bpf.close();
    for (const [name, noun] of Object.entries(nouns))
      assert.throws(
        () => noun.unpin(),
        (error) => error instanceof EbpfError && error.code === "CLOSED",
        name,
      );
  });
});

it("an engine without them says so, in every noun", async () => {
  const { loaded, nouns } = await allNouns("embedded");
  try {
    for (const [name, noun] of Object.entries(nouns)) {
      assert.throws(
        () => noun.pin("/sys/fs/bpf/x"),
        (error) => error instanceof NotSupportedError,
        name,
      );
      assert.throws(() => noun.unpin(), { code: "NOT_FOUND", message: /it is not pinned/ }, name);
    }
  } finally {
    for (const { bpf } of loaded) await bpf.close();
  }
});
