import assert from "node:assert/strict";
import { it } from "node:test";
import type { BpfMap } from "../../src/map/bpf-map.ts";
import { fixture, type Fixture, onEachEngine } from "./fixture.ts";

const ascii = (text: string): number[] => [...new TextEncoder().encode(text)];
const filled = (bytes: readonly number[], size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, index) => bytes[index] ?? 0);

/** What programs, and other languages, put into a `char[8]`. */
const texts = [
  filled(ascii("plain"), 8),
  filled([], 8),
  filled([...ascii("ab"), 0, ...ascii("junk")], 8),
  filled(ascii("12345678"), 8),
  filled([0xff, 0xfe], 8),
  filled([...ascii("a"), 0xc3], 8),
  filled([0xef, 0xbb, 0xbf, ...ascii("mark")], 8),
  filled([0xef, 0xbf, 0xbd], 8),
];

/** `struct padded { u8 kind; u32 number; char name[5]; }`: bytes 1 to 3 and 13 to 15 are padding. */
const paddedKeys = [
  filled([1, 0, 0, 0, 7, 0, 0, 0, ...ascii("name")], 16),
  filled([1, 9, 9, 9, 7, 0, 0, 0, ...ascii("name")], 16),
  filled([1, 0, 0, 0, 7, 0, 0, 0, ...ascii("n"), 0, ...ascii("ame"), 8], 16),
  filled([1, 0, 0, 0, 7, 0, 0, 0, ...ascii("names"), 1, 2, 3], 16),
];

/** Entries as a program would leave them: through a view of the map without types. */
async function withRawEntries(loaded: Fixture, name: string, keys: readonly Uint8Array[], size: number): Promise<void> {
  const map = loaded.engineMap(name);
  keys.forEach((key, index) => map.update(key, filled([index], size), 0));
}

onEachEngine("maps: what is read finds its entry, and can be written back", (engine) => {
  for (const [name, keys, size] of [
    ["texts", texts, 8],
    ["padded_keys", paddedKeys, 16],
  ] as const) {
    it(`${name}: every key that the map gives gets, replaces and deletes its entry`, async () => {
      await using loaded = await fixture(engine, "map-entries");
      await withRawEntries(loaded, name, keys, size);
      const map: BpfMap = loaded.bpf.map(name);
      const given = [...map.keys()];
      assert.equal(given.length, keys.length);
      for (const key of given) {
        const value = map.get(key);
        assert.notEqual(value, undefined);
        map.set(key, value, "replace");
        assert.ok(map.has(key));
      }
      for (const key of given) assert.ok(map.delete(key));
      assert.deepEqual([...map.keys()], []);
    });
  }

  it("plain texts are strings", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const map = loaded.bpf.map<string | Uint8Array, bigint>("texts");
    await withRawEntries(loaded, "texts", texts, 8);
    const strings = [...map.keys()].filter((key) => typeof key === "string");
    assert.deepEqual(strings.toSorted(), ["", "plain", "\ufeffmark", "\ufffd"].toSorted());
    assert.equal(map.get("plain"), 0n);
  });

  it("values that are texts are written back as they were", async () => {
    await using loaded = await fixture(engine, "map-entries");
    const raw = loaded.engineMap("text_values");
    const map = loaded.bpf.map<number, string | Uint8Array>("text_values");
    texts.forEach((text, index) => {
      const key = filled([index], 4);
      raw.update(key, text, 0);
      map.set(index, map.get(index)!);
      assert.deepEqual(raw.lookup(key), text);
    });
  });
});
