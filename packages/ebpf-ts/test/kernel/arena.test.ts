import assert from "node:assert/strict";
import { readFileSync, rmSync } from "node:fs";
import { describe, it } from "node:test";
import { load } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, linuxOrSkip } from "../support/requirements.ts";

const open = (): CollectionSpec => parse(readFileSync(fixturePath("arena.bpf.o")));

describe("variables in an arena", () => {
  it("are variables of the object, of the arena", () => {
    const { variables, maps } = open();
    assert.deepEqual(
      variables.map(({ name, section, offset, size }) => [name, section, offset, size]),
      [
        ["last", ".bss", 0, 8],
        ["total", "arena", 0, 8],
        ["points", "arena", 8, 16],
        ["runs", "arena", 24, 4],
      ],
    );
    assert.equal(maps.find(({ name }) => name === "arena")?.contents?.length, 28);
  });

  it("are refused where there is no arena for them", () => {
    const bytes = readFileSync(fixturePath("arena.bpf.o"));
    // The type of the map is the length of an array: the one of 33 elements.
    for (let at = 0; at < bytes.length - 24; at += 4)
      if (
        bytes.readUInt32LE(at) === 0 &&
        bytes.readUInt32LE(at + 4) === 0x0300_0000 &&
        bytes.readUInt32LE(at + 20) === 33
      )
        bytes.writeUInt32LE(1, at + 20);
    assert.throws(() => parse(bytes), {
      code: "BAD_OBJECT",
      message: /variables in an arena .* and 0 arenas, not one$/,
    });
  });

  it("are refused by the embedded engine, which says why", () =>
    assert.rejects(load(open(), { engine: "embedded" }), { code: "NOT_SUPPORTED", message: /arena/i }));

  describe("in the kernel", { skip: kernelOrSkip() || linuxOrSkip("6.9") }, () => {
    it("are read and written while programs do so", async () => {
      const before = openDescriptors();
      {
        await using bpf = await load(open(), { engine: "kernel", variables: { total: 1000n } });
        const program = bpf.program("adds");
        const value = (name: string): unknown => bpf.variable(name).get();
        assert.deepEqual(value("points"), [
          { x: 1, y: 2 },
          { x: 3, y: 4 },
        ]);
        await program.run();
        assert.deepEqual([value("total"), value("last"), value("runs")], [1005n, 1005n, 1]);
        assert.throws(() => bpf.map("arena").freeze(), {
          errnoName: "EBUSY",
          message: /: it is an arena, whose memory is mapped for writing/,
        });
        assert.deepEqual((value("points") as object[])[0], { x: 7, y: 2 });
        bpf.variable("points").set([
          { x: 1, y: 1 },
          { x: 1, y: 100 },
        ]);
        await program.run();
        assert.deepEqual([value("total"), value("runs")], [1107n, 2]);
        assert.throws(() => bpf.variable("total").view, {
          code: "NOT_SUPPORTED",
          message: /arena.*get\(\) and set\(\)$/,
        });
        assert.throws(() => bpf.variable("runs").set("one"), { code: "BAD_VALUE" });
      }
      assert.deepEqual(openDescriptors(), before);
    });

    it("have the address that the object chose, once at a time", async () => {
      const spec = open();
      spec.maps.find(({ name }) => name === "arena")!.mapExtra = 0x1000_0000_0000n;
      const mapped = (): boolean => /^100000000000-/m.test(readFileSync("/proc/self/maps", "latin1"));
      {
        await using bpf = await load(spec, { engine: "kernel" });
        assert.ok(mapped());
        assert.equal(bpf.variable("total").get(), 40n);
        await assert.rejects(load(spec, { engine: "kernel" }), {
          errnoName: "EEXIST",
          message: /something else at 0x100000000000, the address that the object wants \(map_extra\)/,
        });
        assert.equal(bpf.variable("total").get(), 40n);
      }
      assert.ok(!mapped());
    });

    it("are kept in an arena that is pinned, of all that load it, where its address is known", async () => {
      const pinRoot = `/sys/fs/bpf/ebpf-ts-arena-${process.pid}`;
      try {
        for (const mapExtra of [0n, 0x1100_0000_0000n]) {
          const spec = open();
          const name = `arena_${mapExtra}`;
          Object.assign(
            spec.maps.find((each) => each.name === "arena")!,
            { pinning: "by-name", mapExtra, pinPath: `${pinRoot}/${name}` },
          );
          {
            await using first = await load(spec, { engine: "kernel", pinRoot });
            first.variable("total").set(100n);
            const other = await load(spec, { engine: "kernel", pinRoot });
            await other.program("adds").run();
            assert.equal(first.variable("total").get(), 105n);
            await other.close();
            first.variable("total").set(200n);
          }
          await using second = await load(spec, { engine: "kernel", pinRoot });
          const total = second.variable("total");
          if (mapExtra !== 0n) assert.equal(total.get(), 200n);
          else assert.throws(() => total.get(), { code: "NOT_SUPPORTED", message: /does not tell where it lies/ });
        }
      } finally {
        rmSync(pinRoot, { recursive: true, force: true });
      }
    });

    it("are read and written alone, wherever they are", async () => {
      const spec = open();
      const [arena] = spec.maps.filter(({ name }) => name === "arena");
      const variable = spec.variables.find(({ name }) => name === "total")!;
      const page = 65_536; // of any kernel
      Object.assign(arena!, { contents: undefined });
      Object.assign(variable, { offset: 15 * 4096 });
      await using bpf = await load(spec, { engine: "kernel" });
      bpf.variable("total").set(7n);
      assert.equal(bpf.variable("total").get(), 7n);
      for (const offset of [16 * page - 4, 2 ** 31]) {
        Object.assign(variable, { offset });
        await using other = await load(spec, { engine: "kernel" });
        assert.throws(() => other.variable("total").get(), { code: "BAD_OBJECT" });
        assert.throws(() => other.variable("total").set(1n), { code: "BAD_OBJECT" });
      }
    });

    it("are refused where they are larger than the arena", async () => {
      const spec = open();
      const arena = spec.maps.find(({ name }) => name === "arena")!;
      arena.contents = new Uint8Array(arena.maxEntries * 65_536 + 1);
      const mappings = (): number => readFileSync("/proc/self/maps", "latin1").split("bpf-map").length;
      const before = mappings();
      await assert.rejects(load(spec, { engine: "kernel" }), {
        code: "BAD_OBJECT",
        message: /of arena arena: it has \d+ \(16 pages\)/,
      });
      assert.equal(mappings(), before);
    });
  });
});
