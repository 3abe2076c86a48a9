import assert from "node:assert/strict";
import { it } from "node:test";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { mapKind } from "../../src/kinds/map-kinds.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import { linuxOrSkip, type SkipReason } from "../support/requirements.ts";
import { E2BIG, EEXIST, EINVAL, ENOENT, fixture, onEachEngine } from "./fixture.ts";

const noExist = 1n;
const exist = 2n;
const nonsense = 99n;
const slots = 4;

onEachEngine("maps: what programs do", (engine) => {
  it("array: lookup, update, and the errors of both", async () => {
    await using loaded = await fixture(engine, "maps");
    assert.equal((await loaded.call("array_update", { key: 2, value: 7n })).result, 0n);
    assert.equal((await loaded.call("array_lookup", { key: 2 })).value, 7n);
    assert.equal((await loaded.call("array_lookup", { key: slots })).result, 1n);
    assert.equal((await loaded.call("array_update", { key: slots, value: 7n })).result, E2BIG);
    assert.equal((await loaded.call("array_update", { key: 0, flags: noExist })).result, EEXIST);
    assert.equal((await loaded.call("array_update", { key: 0, flags: nonsense })).result, EINVAL);
    assert.equal((await loaded.call("array_delete", { key: 0 })).result, EINVAL);
  });

  for (const map of ["hash", "lazy_hash", "percpu_hash", "lru_hash"]) {
    it(`${map}: insert, replace, delete, and the errors of each`, async () => {
      await using loaded = await fixture(engine, "maps");
      const call = (what: string, args: object) => loaded.call(`${map}_${what}`, { ...args });
      assert.equal((await call("lookup", { key: 5 })).result, 1n);
      assert.equal((await call("update", { key: 5, value: 1n, flags: exist })).result, ENOENT);
      assert.equal((await call("update", { key: 5, value: 1n, flags: noExist })).result, 0n);
      assert.equal((await call("update", { key: 5, value: 2n, flags: noExist })).result, EEXIST);
      assert.equal((await call("update", { key: 5, value: 3n, flags: exist })).result, 0n);
      assert.equal((await call("update", { key: 5, value: 3n, flags: nonsense })).result, EINVAL);
      assert.equal((await call("delete", { key: 5 })).result, 0n);
      assert.equal((await call("delete", { key: 5 })).result, ENOENT);
    });
  }

  for (const map of ["hash", "lazy_hash"]) {
    it(`${map}: -E2BIG when full, and a replacement still works`, async () => {
      await using loaded = await fixture(engine, "maps");
      for (let key = 0; key < slots; key += 1) {
        assert.equal((await loaded.call(`${map}_update`, { key, value: BigInt(key) })).result, 0n);
      }
      assert.equal((await loaded.call(`${map}_update`, { key: slots, value: 0n })).result, E2BIG);
      assert.equal((await loaded.call(`${map}_update`, { key: 1, value: 9n })).result, 0n);
    });
  }

  it("LRU hash: always takes one more", async () => {
    await using loaded = await fixture(engine, "maps");
    for (let key = 0; key < 10 * slots; key += 1) {
      assert.equal((await loaded.call("lru_hash_update", { key, value: 1n })).result, 0n);
      assert.equal((await loaded.call("lru_hash_lookup", { key })).result, 0n);
    }
  });

  for (const map of ["array", "percpu_array", "hash", "lazy_hash", "percpu_hash"]) {
    it(`${map}: for each entry, stopping and not`, async () => {
      await using loaded = await fixture(engine, "maps");
      for (let key = 0; key < slots; key += 1) await loaded.call(`${map}_update`, { key, value: 1n });
      const all = await loaded.call(`${map}_each`);
      assert.deepEqual([all["result"], all["seen"], all["keys"]], [4n, 4n, 6n]);
      assert.equal((await loaded.call(`${map}_each`, { value: 2n })).seen, 2n);
      assert.equal((await loaded.call(`${map}_each`, { flags: 1n })).result, EINVAL);
    });
  }

  it("hash: every entry deleted while it is iterated over", async () => {
    await using loaded = await fixture(engine, "maps");
    for (let key = 0; key < slots; key += 1) await loaded.call("hash_update", { key, value: 1n });
    const { result, seen, keys } = await loaded.call("hash_clear");
    assert.deepEqual([result, seen, keys], [4n, 4n, 6n]);
    assert.deepEqual([...loaded.bpf.map("hash").keys()], []);
  });

  it("adds in place, and user space sees it", async () => {
    await using loaded = await fixture(engine, "maps");
    const { map } = { map: loaded.bpf.map<number, bigint>("mapped_array") };
    map.set(1, 40n);
    assert.equal((await loaded.call("mapped_array_add", { key: 1, value: 2n })).value, 40n);
    assert.equal(map.get(1), 42n);
  });

  it("padded keys and texts", async () => {
    await using loaded = await fixture(engine, "maps");
    const round = await loaded.call("wide_hash_round", { key: 3 });
    assert.deepEqual([round["result"], round["value"]], [0n, 115n]);
    const entries = [...loaded.bpf.map("wide_hash").entries()];
    assert.deepEqual(entries, [[{ kind: 7, number: 3, name: "wide" }, { text: "twelve bytes" }]]);
  });
});

onEachEngine("maps: what user space does", (engine) => {
  it("array: all keys are there, none can be deleted, none is beyond", async () => {
    await using loaded = await fixture(engine, "maps");
    const map = loaded.bpf.map<number, bigint>("array");
    map.set(3, 11n);
    assert.deepEqual(
      [...map.entries()],
      [
        [0, 0n],
        [1, 0n],
        [2, 0n],
        [3, 11n],
      ],
    );
    assert.throws(() => map.delete(1), { errnoName: "EINVAL" });
    for (const outside of [slots, -1]) {
      assert.throws(() => map.set(outside, 1n), { name: "RangeError", message: /has 4/ });
      assert.throws(() => map.get(outside), RangeError);
      assert.equal(map.has(outside), false);
    }
  });

  for (const name of ["hash", "lazy_hash", "lru_hash"]) {
    it(`${name}: set, get, delete, and the modes of set`, async () => {
      await using loaded = await fixture(engine, "maps");
      const map = loaded.bpf.map<number, bigint>(name);
      assert.equal(map.get(1), undefined);
      assert.equal(map.delete(1), false);
      assert.throws(() => map.set(1, 1n, "replace"), { errnoName: "ENOENT" });
      map.set(1, 2n, "create");
      assert.throws(() => map.set(1, 3n, "create"), { errnoName: "EEXIST" });
      map.set(1, 3n);
      assert.equal((await loaded.call(`${name}_lookup`, { key: 1 })).value, 3n);
      assert.equal(map.delete(1), true);
      assert.deepEqual([...map.keys()], []);
    });
  }

  for (const name of ["hash", "lazy_hash", "percpu_hash", "lru_hash"]) {
    it(`${name}: takes an entry out in one step`, { skip: takeOrSkip(engine) }, async () => {
      await using loaded = await fixture(engine, "maps");
      const map = loaded.bpf.map<number, bigint>(name);
      assert.equal(map.getAndDelete(1), undefined);
      map.set(1, 7n);
      map.set(2, 8n);
      const each = (value: bigint): unknown => (name === "percpu_hash" ? map.getPerCpu(2)!.map(() => value) : value);
      assert.deepEqual(map.getAndDelete(1), each(7n));
      assert.equal(map.getAndDelete(1), undefined);
      assert.deepEqual([...map], [[2, each(8n)]]);
    });
  }

  it("array: nothing can be taken out", async () => {
    await using loaded = await fixture(engine, "maps");
    assert.throws(() => loaded.bpf.map("array").getAndDelete(1), { code: "NOT_SUPPORTED" });
  });

  it("hash: E2BIG when full", async () => {
    await using loaded = await fixture(engine, "maps");
    const map = loaded.bpf.map<number, bigint>("hash");
    for (let key = 0; key < slots; key += 1) map.set(key, 0n);
    assert.throws(() => map.set(slots, 0n), { errnoName: "E2BIG", code: "NO_SPACE" });
  });

  for (const name of ["percpu_array", "percpu_hash"]) {
    it(`${name}: one value for each CPU`, async () => {
      await using loaded = await fixture(engine, "maps");
      const map = loaded.bpf.map<number, bigint>(name);
      map.set(1, 5n);
      const cpus = map.getPerCpu(1)!.length;
      assert.ok(cpus >= 1);
      assert.deepEqual(
        map.getPerCpu(1),
        Array.from({ length: cpus }, () => 5n),
      );
      const values = Array.from({ length: cpus }, (_, cpu) => BigInt(cpu + 100));
      map.setPerCpu(1, values);
      for (let cpu = 0; cpu < cpus; cpu += 1) {
        assert.equal((await loaded.call(`${name}_lookup_percpu`, { key: 1, cpu })).value, BigInt(cpu + 100));
      }
      assert.equal((await loaded.call(`${name}_lookup_percpu`, { key: 1, cpu: 100_000 })).result, 1n);
      await loaded.call(`${name}_add`, { key: 1, value: 1000n });
      const sum = map.getPerCpu(1)!.reduce((total, value) => total + value, 0n);
      assert.equal(
        sum,
        values.reduce((total, value) => total + value, 1000n),
      );
      assert.throws(() => map.setPerCpu(1, []), RangeError);
    });
  }

  it("values that do not fit are refused before anything is written", async () => {
    await using loaded = await fixture(engine, "maps");
    const map = loaded.bpf.map("hash");
    assert.throws(() => map.set(-1, 0n), { code: "BAD_VALUE" });
    assert.throws(() => map.set(1, 2n ** 64n), { code: "BAD_VALUE" });
    assert.throws(() => map.set("one", 1n), { code: "BAD_VALUE" });
    assert.deepEqual([...map.entries()], []);
  });

  it("a ring is no map, and a map is no ring", async () => {
    await using maps = await fixture(engine, "maps");
    await using ring = await fixture(engine, "ring");
    assert.throws(() => ring.bpf.map("events"), /ringBuf\(\)/);
    assert.throws(() => maps.bpf.ringBuf("hash"), /map\(\)/);
    assert.throws(() => maps.bpf.map("nothing"), { code: "NOT_FOUND" });
  });
});

function takeOrSkip(engine: EngineName): SkipReason {
  return engine === "kernel" ? linuxOrSkip(mapKind(MapType.HASH).takeSince!) : false;
}
