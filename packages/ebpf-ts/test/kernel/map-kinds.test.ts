import assert from "node:assert/strict";
import { after, before, describe, it, type TestContext } from "node:test";
import { EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import { possibleCpus } from "../../src/engine/kernel/cpus.ts";
import { loadBtf } from "../../src/engine/kernel/load/load-btf.ts";
import { createMap } from "../../src/engine/kernel/map/create-map.ts";
import { type MapKind, mapKinds } from "../../src/kinds/map-kinds.ts";
import type { MapSpec } from "../../src/spec/types.ts";
import type { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command, MapFlag } from "../../src/uapi/uapi.gen.ts";
import { mapOfKind } from "../support/map-of-kind.ts";
import { isLinuxAtLeast, kernelOrSkip, orFail } from "../support/requirements.ts";
import { readSpec, u32 } from "./kernel-fixture.ts";

/** Untouched bytes of a buffer that the kernel writes to. */
const untouched = 0xaa;
const room = 4096;
const valueSize = 8;

describe("kernel: the table of map kinds is what the running kernel does", { skip: kernelOrSkip() }, () => {
  const sys = linuxSys();
  const object = readSpec("kernel-maps");
  const { btf } = object;
  let types: Descriptor | undefined;
  before(async () => void (types = await loadBtf(sys, object)));
  after(() => types?.close());

  /** Local storage wants to know what it stores. */
  const typed = (spec: MapSpec, { key }: MapKind): MapSpec =>
    key === "descriptor"
      ? { ...spec, keyType: btf!.find("int")[0]!.id, valueType: btf!.find("unsigned long long")[0]!.id }
      : spec;

  for (const [type, kind] of mapKinds) {
    const spec = mapOfKind(type, kind);
    const create = (change: Partial<MapSpec> = {}): Promise<Descriptor> =>
      createMap(sys, { ...typed(spec, kind), ...change }, types);

    /** Runs with a map of the kind; says why not where this kernel has none. */
    const withMap = async (context: TestContext, test: (map: Descriptor) => void): Promise<void> => {
      let map: Descriptor;
      try {
        map = await create();
      } catch (error) {
        return skip(context, kind, error);
      }
      try {
        test(map);
      } finally {
        map.close();
      }
    };

    if (kind.value === "ops") {
      it(`${kind.name}: is refused by name`, async () => {
        await assert.rejects(create(), { code: "NOT_SUPPORTED", message: new RegExp(kind.name.toLowerCase()) });
      });
      continue;
    }

    it(`${kind.name}: is created, with a key or without`, async (context) => {
      await withMap(context, () => {});
      const otherKey = kind.key === "none" ? 4 : 0;
      await assert.rejects(create({ keySize: otherKey }), EbpfError);
    });

    it(`${kind.name}: reads in batches or refuses to`, (context) =>
      withMap(context, (map) => {
        const has = kind.batchSince !== undefined && isLinuxAtLeast(kind.batchSince);
        const result = readBatch(map, spec);
        assert.equal(result === -Errno.ENOTSUPP || result === -Errno.EINVAL, !has, `the kernel gave ${result}`);
      }));

    if (kind.value === "any" && ["any", "index", "prefix"].includes(kind.key)) {
      it(`${kind.name}: a lookup gives ${kind.perCpu ? "a value for every CPU" : "one value"}`, (context) =>
        withMap(context, (map) => {
          const key = new Uint8Array(spec.keySize);
          const values = new Uint8Array(valueSize * possibleCpus()).fill(1);
          assert.equal(call(Command.MAP_UPDATE_ELEM, map, key, values), 0);
          const found = new Uint8Array(room).fill(untouched);
          assert.equal(call(Command.MAP_LOOKUP_ELEM, map, key, found), 0);
          assert.equal(found.indexOf(untouched), kind.perCpu ? values.length : valueSize);
        }));
    }

    if (kind.value === "any" && kind.key === "any") {
      it(`${kind.name}: ${kind.evicts ? "makes room" : "says that it is full"}`, (context) =>
        withMap(context, (map) => {
          const value = new Uint8Array(valueSize * possibleCpus());
          const results = Array.from({ length: 64 }, (_, key) => call(Command.MAP_UPDATE_ELEM, map, u32(key), value));
          assert.deepEqual(new Set(results), new Set(kind.evicts ? [0] : [0, -Errno.E2BIG]));
        }));
    }

    it(`${kind.name}: ${kind.takeSince === undefined ? "refuses to take" : "takes"} an entry in one step`, (context) =>
      withMap(context, (map) => {
        const has = kind.takeSince !== undefined && isLinuxAtLeast(kind.takeSince);
        const key = new Uint8Array(spec.keySize);
        const value = new Uint8Array(valueSize * possibleCpus()).fill(1);
        const take = (): number => call(Command.MAP_LOOKUP_AND_DELETE_ELEM, map, key, value.fill(0));
        if (has && kind.value === "any") {
          assert.equal(call(Command.MAP_UPDATE_ELEM, map, key, value), 0);
          assert.deepEqual([take(), value[0]], [0, 1]);
        }
        assert.equal(take(), has ? -Errno.ENOENT : -Errno.ENOTSUPP);
      }));

    it(`${kind.name}: its values ${kind.memory === "values" ? "can" : "cannot"} be mapped into memory`, async (context) => {
      if (kind.memory === "arena") return;
      await withMap(context, () => {});
      const mappable = create({ flags: spec.flags | MapFlag.MMAPABLE });
      if (kind.memory === "values") (await mappable).close();
      else await assert.rejects(mappable, EbpfError);
    });
  }

  function call(command: number, map: Descriptor, key: Uint8Array, value: Uint8Array): number {
    return sys.bpf(command, new KernelStruct(BpfAttr.elem, { map_fd: map.fd, key, value }));
  }

  function readBatch(map: Descriptor, spec: MapSpec): number {
    const attributes = new KernelStruct(BpfAttr.batch, {
      out_batch: new Uint8Array(Math.max(spec.keySize, 8)),
      keys: new Uint8Array(room),
      values: new Uint8Array(room),
      count: 4,
      map_fd: map.fd,
    });
    return sys.bpf(Command.MAP_LOOKUP_BATCH, attributes);
  }
});

/** An older kernel is as the table says; one that was built without the kind is told. */
function skip(context: TestContext, { name, since }: MapKind, error: unknown): void {
  if (!(error instanceof EbpfError)) throw error;
  if (!isLinuxAtLeast(since!)) {
    assert.ok(error instanceof NotSupportedError, error.message);
    assert.equal(error.minimumVersion, since);
    return;
  }
  const reason = orFail(`this kernel was built without maps of type ${name}: ${error.message}`);
  context.skip(reason === false ? undefined : reason);
}
