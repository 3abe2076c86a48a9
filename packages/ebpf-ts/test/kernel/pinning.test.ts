import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { loadBtf } from "../../src/engine/kernel/load/load-btf.ts";
import { loadMap } from "../../src/engine/kernel/map/load-maps.ts";
import { PinFolder } from "../../src/engine/kernel/map/pin-folder.ts";
import { mapKinds } from "../../src/kinds/map-kinds.ts";
import type { CollectionSpec, MapSpec } from "../../src/spec/types.ts";
import type { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import { type Mounted, mountBpffs } from "../support/bpf-file-systems.ts";
import { mapOfKind } from "../support/map-of-kind.ts";
import { isLinuxAtLeast, kernelOrSkip, orFail } from "../support/requirements.ts";
import { loadFixture, readSpec } from "./kernel-fixture.ts";

const sys = linuxSys;

describe("kernel: a pinned map is used again when it is the same", { skip: kernelOrSkip() }, () => {
  const spec = readSpec("kernel-maps");
  let folder: Mounted;
  let types: Descriptor | undefined;
  before(async () => {
    folder = mountBpffs();
    types = await loadBtf(sys(), spec);
  });
  after(() => {
    types?.close();
    folder.unmount();
  });

  /** The ids of the map that is made, and of what a second load gets. */
  async function twice(map: MapSpec): Promise<number[]> {
    const pins = new PinFolder(folder.path);
    const options = { btf: types, mustHaveTypes: false, pins };
    try {
      const first = await loadMap(sys(), map, options);
      const second = await loadMap(sys(), map, options);
      const ids = [first.info.id, second.info.id];
      first.close();
      second.close();
      return ids;
    } finally {
      pins.takeBack();
    }
  }

  const find = (name: string): number => spec.btf!.find(name)[0]!.id;

  for (const [type, kind] of mapKinds) {
    if (kind.value === "ops") continue;
    it(`${kind.name}`, async (context) => {
      const map: MapSpec = { ...mapOfKind(type, kind), pinning: "by-name" };
      if (kind.key === "descriptor")
        Object.assign(map, { keyType: find("int"), valueType: find("unsigned long long") });
      try {
        const [first, second] = await twice(map);
        assert.equal(second, first);
      } catch (error) {
        if (!(error instanceof EbpfError) || !/Cannot create map/.test(error.message)) throw error;
        if (!isLinuxAtLeast(kind.since!)) return;
        const reason = orFail(`this kernel was built without maps of type ${kind.name}: ${error.message}`);
        context.skip(reason === false ? undefined : reason);
      }
    });
  }

  const hash = { ...mapOfKind(MapType.HASH, mapKinds.get(MapType.HASH)!), pinning: "by-name" } as const;
  for (const [what, change] of Object.entries({
    "of a NUMA node": { numaNode: 0 },
    "that this process only reads": { flags: MapFlag.RDONLY },
    "that programs only read": { flags: MapFlag.RDONLY_PROG },
  })) {
    it(`a map ${what}`, async () => {
      const [first, second] = await twice({ ...hash, ...change });
      assert.equal(second, first);
    });
  }

  for (const [what, change] of Object.entries({
    "other flags": { flags: MapFlag.NO_PREALLOC },
    "more entries": { maxEntries: 5 },
    "longer keys": { keySize: 8 },
    "longer values": { valueSize: 16 },
    "another type": { type: MapType.LRU_HASH },
  })) {
    it(`not with ${what}`, async () => {
      const pins = new PinFolder(folder.path);
      const options = { btf: undefined, mustHaveTypes: false, pins };
      const first = await loadMap(sys(), hash, options);
      try {
        const message = /^Cannot use the map pinned at \S+\/tested: it is hash with .*, the object wants /;
        await assert.rejects(loadMap(sys(), { ...hash, ...change }, options), { code: "NOT_SUPPORTED", message });
      } finally {
        first.close();
        pins.takeBack();
      }
    });
  }
});

describe("kernel: pins by name", { skip: kernelOrSkip() }, () => {
  let mounted: Mounted;
  /** Beside what the kernel has in every bpf file system. */
  let root = "";
  before(() => {
    mounted = mountBpffs();
    root = `${mounted.path}/root`;
    mkdirSync(root);
  });
  after(() => mounted.unmount());

  /** The verifier refuses one of its programs, after its maps were made. */
  const unverifiable = (spec: CollectionSpec): void => {
    spec.maps.find((map) => map.name === "kept")!.pinning = "by-name";
    for (const program of spec.programs) program.instructions = program.instructions.slice(0, -1);
  };

  it("a load that fails takes back its pins, and the folders that it made", async () => {
    await assert.rejects(loadFixture("kernel-maps", { pinRoot: `${root}/a/b`, edit: unverifiable }), EbpfError);
    assert.deepEqual(readdirSync(root), []);
  });

  it("a load that fails leaves the pins of others, and their folder", async () => {
    const pinRoot = `${root}/shared`;
    const first = await loadFixture("kernel-maps", { pinRoot });
    await assert.rejects(loadFixture("kernel-maps", { pinRoot, edit: unverifiable }), EbpfError);
    assert.deepEqual(readdirSync(pinRoot), ["kept"]);
    first.maps.get("kept")!.unpin!();
    await first.close();
    rmSync(pinRoot, { recursive: true });
  });

  for (const name of ["../other/x", "a/b", "a\0b", "", ".", ".."]) {
    it(`a map's name cannot be ${JSON.stringify(name)}`, async () => {
      mkdirSync(`${root}/other`);
      const edit = (spec: CollectionSpec): void => {
        const kept = spec.maps.find((map) => map.name === "kept")!;
        kept.name = name;
      };
      try {
        await assert.rejects(loadFixture("kernel-maps", { pinRoot: `${root}/own`, edit }), {
          code: "BAD_OBJECT",
          message: `Cannot pin map ${JSON.stringify(name)} by its name: that is no name of a file`,
        });
        assert.deepEqual(readdirSync(root), ["other"]);
        assert.deepEqual(readdirSync(`${root}/other`), []);
      } finally {
        rmSync(`${root}/other`, { recursive: true });
      }
    });
  }

  it("a folder outside of a bpf file system is refused before anything is made", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "ebpf-ts-pins-"));
    try {
      const refused = { code: "NOT_FOUND", message: /is not in a bpf file system, mount one with: mount -t bpf bpf/ };
      await assert.rejects(loadFixture("kernel-maps", { pinRoot: `${elsewhere}/a/b` }), refused);
      assert.equal(existsSync(`${elsewhere}/a`), false);
      writeFileSync(`${elsewhere}/file`, "");
      await assert.rejects(loadFixture("kernel-maps", { pinRoot: `${elsewhere}/file` }), EbpfError);
    } finally {
      rmSync(elsewhere, { recursive: true });
    }
  });
});
