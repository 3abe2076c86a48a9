import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { embeddedEngine } from "../../src/engine/embedded/user/embedded-engine.ts";
import type { EngineMap } from "../../src/engine/map.ts";
import { type MapKind, mapKinds } from "../../src/kinds/map-kinds.ts";
import { MapFlag } from "../../src/uapi/uapi.gen.ts";
import { mapOfKind } from "../support/map-of-kind.ts";

const cpus = 3;
const valueSize = 8;

describe("embedded: the table of map kinds is what the engine does", () => {
  for (const [type, kind] of mapKinds) {
    const spec = mapOfKind(type, kind);
    const load = async (flags = spec.flags): Promise<EngineMap> => {
      const object = { license: "GPL", programs: [], functions: [], variables: [], btf: undefined };
      const options = { onPrint: () => {}, onFault: () => {} };
      const collection = await embeddedEngine({ cpus }).load({ ...object, maps: [{ ...spec, flags }] }, options);
      return collection.maps.get(spec.name)!;
    };

    if (kind.engines !== "both") {
      it(`${kind.name}: is refused by name`, async () => {
        await assert.rejects(load(), { code: "NOT_SUPPORTED", message: new RegExp(kind.name) });
      });
      continue;
    }

    it(`${kind.name}: a lookup gives ${lookedUp(kind)}`, async () => {
      const map = await load();
      assert.equal(map.cpus, kind.perCpu ? cpus : 1);
      const look = (): Uint8Array | undefined => map.lookup(new Uint8Array(spec.keySize));
      assert.equal(map.take !== undefined, kind.takeSince !== undefined);
      if (!isLookedUp(kind)) return void assert.throws(look, { code: "NOT_SUPPORTED" });
      if (kind.value === "any") map.update(new Uint8Array(spec.keySize), new Uint8Array(valueSize * map.cpus), 0);
      assert.equal(look()?.length, kind.value === "any" ? valueSize * map.cpus : undefined);
    });

    it(`${kind.name}: its values ${kind.memory === "values" ? "can" : "cannot"} be mapped into memory`, async () => {
      const mappable = load(spec.flags | MapFlag.MMAPABLE);
      if (kind.memory === "values") assert.equal((await mappable).memory!().length, valueSize * spec.maxEntries);
      else await assert.rejects(mappable, EbpfError);
    });
  }
});

/** Of a queue and a stack without a key, of others with one. */
function isLookedUp({ key, value, noun }: MapKind): boolean {
  return noun === "queue" || (key !== "none" && value !== "perf-event");
}

function lookedUp(kind: MapKind): string {
  if (isLookedUp(kind)) return kind.perCpu ? "a value for every CPU" : "one value";
  return kind.value === "perf-event" ? "an error, for its slots cannot be read" : "an error, for there are no keys";
}
