import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { it } from "node:test";
import { defineObject as defineEmbedded, load as loadEmbedded } from "../../src/embedded.ts";
import { defineObject, load, RingBuf } from "../../src/index.ts";
import { parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { onEachEngine, onKernel } from "./fixture.ts";

const entries = fixturePath("map-entries.bpf.o");
const rings = fixturePath("ring.bpf.o");

onEachEngine("load: options of maps", (engine) => {
  it("maxEntries stands for what the object says, and the spec stays as it was", async () => {
    const spec = parse(await readFile(entries));
    await using bpf = await load(spec, { engine, maps: { texts: { maxEntries: 3 }, many: {} } });
    assert.deepEqual([bpf.map("texts").info.maxEntries, bpf.map("many").info.maxEntries], [3, 2000]);
    assert.equal(spec.maps.find(({ name }) => name === "texts")!.maxEntries, 16);
  });

  it("what makes no sense is refused before anything is made", async () => {
    await assert.rejects(load(entries, { engine, maps: { text: { maxEntries: 3 } } }), {
      code: "NOT_FOUND",
      message: /text/,
    });
    for (const options of [
      5,
      { maxEntries: -1 },
      { maxEntries: "3" },
      { entries: 3 },
      { pinPath: "a\0b" },
      { reuse: {} },
      { reuse: "" },
    ]) {
      await assert.rejects(load(entries, { engine, maps: { texts: options as never } }), (error: Error) => {
        assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
        return true;
      });
    }
  });

  for (const [object, map, counts] of [
    ["maps", "array", "entries"],
    ["ring", "events", "bytes"],
    ["tail-calls", "jumps", "entries"],
  ] as const) {
    it(`a map without a size is refused, and says how it is given one: ${map}`, async () => {
      await assert.rejects(load(fixturePath(`${object}.bpf.o`), { engine, maps: { [map]: { maxEntries: 0 } } }), {
        code: "BAD_OBJECT",
        message: `Cannot create map ${map}: it has no size, which the object leaves to who loads it: give load() maps: { ${map}: { maxEntries: … } } (${counts})`,
      });
    });
  }

  it("a section of variables has one entry, and no more bytes than its value", async () => {
    const globals = fixturePath("globals.bpf.o");
    await assert.rejects(load(globals, { engine, maps: { ".bss": { maxEntries: 3 } } }), {
      name: "RangeError",
      message: "The option maxEntries of map .bss of load() must be 1, not 3: it holds variables",
    });
    const spec = parse(await readFile(globals));
    const data = spec.maps.find(({ name }) => name === ".data")!;
    data.contents = new Uint8Array(data.valueSize + 1);
    await assert.rejects(load(spec, { engine }), {
      name: "RangeError",
      message: `The contents of map .data have ${data.valueSize + 1} bytes, and its value ${data.valueSize}`,
    });
  });
});

onEachEngine("load: bytes", (engine) => {
  it("their buffer may be used again after the call", async () => {
    const file = await readFile(entries);
    const shared = new Uint8Array(new SharedArrayBuffer(file.length));
    shared.set(file);
    for (const bytes of [Buffer.from(file), new Uint8Array(file), shared]) {
      const loading = load(bytes, { engine });
      bytes.fill(0);
      await using bpf = await loading;
      assert.equal(bpf.map("texts").info.maxEntries, 16);
    }
  });
});

it("load: the buffer of bytes may be used again where there is only the embedded engine, and that of a module", async () => {
  const file = await readFile(entries);
  const loadings = [
    (bytes: Uint8Array) => loadEmbedded(bytes, { cpus: 1 }),
    (bytes: Uint8Array) => defineObject({ name: "x", digest: "", object: bytes }).load({ engine: "embedded" }),
    (bytes: Uint8Array) => defineEmbedded({ name: "x", digest: "", object: bytes }).load({ cpus: 1 }),
  ];
  for (const start of loadings) {
    // Others before it: it waits for a turn before it reads.
    const others = Array.from({ length: 20 }, () => loadEmbedded(file, { cpus: 1 }));
    const bytes = new Uint8Array(file);
    const loading = start(bytes);
    bytes.fill(0);
    for (const each of [...others, loading]) await (await each).close();
  }
});

it("load: pins and maps of others are refused by name on the embedded engine", async () => {
  for (const options of [{ pinPath: "/sys/fs/bpf/x" }, { reuse: "/sys/fs/bpf/x" }])
    await assert.rejects(load(entries, { engine: "embedded", maps: { texts: options } }), {
      code: "NOT_SUPPORTED",
      message: /map texts/,
    });
});

onKernel("load: options of maps", () => {
  it("a map that is open stands for one of the object, whichever is closed first", async () => {
    await using first = await load(entries, { engine: "kernel" });
    const many = first.map<number, bigint>("many");
    many.set(1, 7n);
    const second = await load(entries, { engine: "kernel", maps: { many: { reuse: many } } });
    assert.equal(second.map<number, bigint>("many").get(1), 7n);
    second.map<number, bigint>("many").set(2, 8n);
    await second.close();
    assert.equal(many.get(2), 8n);
    await assert.rejects(load(entries, { engine: "kernel", maps: { texts: { reuse: many } } }), {
      code: "NOT_SUPPORTED",
      message: /^Cannot use the map given for texts: it is hash with key 4/,
    });
  });

  it("a ring is used again", async () => {
    await using first = await load(rings, { engine: "kernel" });
    const [name, ring] = [...first.maps].find(([, map]) => map instanceof RingBuf)!;
    await using second = await load(rings, { engine: "kernel", maps: { [name]: { reuse: ring } } });
    assert.equal((second.maps.get(name) as RingBuf).size, (ring as RingBuf).size);
  });

  it("pinPath pins a map, and finds it again; reuse takes the path too", async () => {
    const folder = mountBpffs();
    try {
      const path = `${folder.path}/a/texts`;
      const first = await load(entries, { engine: "kernel", maps: { texts: { pinPath: path } } });
      first.map<string, bigint>("texts").set("kept", 5n);
      await first.close();
      for (const options of [{ pinPath: path }, { reuse: path }]) {
        await using again = await load(entries, { engine: "kernel", maps: { texts: options } });
        assert.equal(again.map<string, bigint>("texts").get("kept"), 5n);
      }
      await assert.rejects(load(entries, { engine: "kernel", maps: { texts: { reuse: `${path}2` } } }), {
        code: "NOT_FOUND",
      });
      const paths: readonly (readonly [path: string, message: RegExp])[] = [
        [`${folder.path}/texts.1`, /^Cannot open map texts at .*: names in a bpf file system have no dot \(EPERM\)$/],
        [`${path}/below`, /^Cannot open map texts at .*: part of its path is not a folder \(ENOTDIR\)$/],
        [`${path}${"s".repeat(300)}`, /^Cannot open map texts at .*: a name in its path is too long \(ENAMETOOLONG\)$/],
      ];
      for (const [wrong, message] of paths) {
        for (const options of [{ pinPath: wrong }, { reuse: wrong }])
          await assert.rejects(load(entries, { engine: "kernel", maps: { texts: options } }), { message });
      }
    } finally {
      folder.unmount();
    }
  });
});
