import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { EnginePerf, PerfOptions } from "../../src/engine/perf.ts";
import type { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import { openMapById } from "../../src/engine/kernel/map/open-kernel-map.ts";
import type { PerfEventMap } from "../../src/engine/kernel/map/perf-event-map.ts";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command, MapFlag } from "../../src/uapi/uapi.gen.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { changedSys, loadFixture, u64 } from "./kernel-fixture.ts";

const options: PerfOptions = { pages: 1, watermark: undefined, overwritable: false };

interface Host {
  readonly sys: Sys;
  /** Once the maps are open. */
  readonly begin: () => void;
}

function plain(): Host {
  return { sys: linuxSys(), begin: () => {} };
}

/** As without CAP_SYS_ADMIN. */
function withoutIds(): Host {
  let denied = false;
  const sys = changedSys((real) => ({
    bpf: (command, attributes) =>
      denied && command === Command.MAP_GET_FD_BY_ID ? -Errno.EPERM : real.bpf(command, attributes),
  }));
  return { sys, begin: () => (denied = true) };
}

const cases = [
  { title: "the kernel compares", host: plain, flags: 0 },
  { title: "this thread compares, since it may not open maps by id", host: withoutIds, flags: 0 },
  { title: "the map preserves its slots", host: plain, flags: MapFlag.PRESERVE_ELEMS },
];

/** How many events were written: 1, or 0 when there is no ring in the slot. */
async function emit(collection: KernelCollection): Promise<number> {
  const { returnValue } = await collection.programs.get("emit")!.run({ context: u64(1n, 1n), cpu: 0 });
  return returnValue;
}

function bytesIn({ rings }: EnginePerf): bigint {
  return rings.find(({ cpu }) => cpu === 0)!.memory.head[0]!;
}

for (const { title, host, flags } of cases) {
  describe(`slots of a perf event array: ${title}`, { skip: kernelOrSkip() }, () => {
    async function twoReaders(): Promise<{ collection: KernelCollection; first: EnginePerf; other: PerfEventMap }> {
      const { sys, begin } = host();
      const collection = await loadFixture("perf", {
        sys,
        edit: (spec) => {
          spec.maps = spec.maps.map((map) => (map.name === "events" ? { ...map, flags } : map));
        },
      });
      const map = collection.maps.get("events")!;
      const other = openMapById(sys, map.info.id) as PerfEventMap;
      begin();
      return { collection, first: map.perf!(options), other };
    }

    it("a reader that is closed leaves those alone that a later one has taken over", async () => {
      const open = openDescriptors().length;
      const { collection, first, other } = await twoReaders();
      assert.equal(await emit(collection), 1);
      const second = other.perf(options);
      const before = bytesIn(first);
      assert.equal(await emit(collection), 1);
      assert.equal(bytesIn(first), before, "the first reader has lost its places");
      first.close();
      const seen = bytesIn(second);
      assert.equal(await emit(collection), 1);
      assert.ok(bytesIn(second) > seen, "the second still has its");
      second.close();
      assert.equal(await emit(collection), 0);
      other.close();
      await collection.close();
      assert.equal(openDescriptors().length, open);
    });

    it("the last one empties them, and another can come", async () => {
      const { collection, first, other } = await twoReaders();
      first.close();
      assert.equal(await emit(collection), 0);
      const second = other.perf(options);
      assert.equal(await emit(collection), 1);
      second.close();
      second.close();
      assert.equal(await emit(collection), 0);
      other.close();
      await collection.close();
    });
  });
}
