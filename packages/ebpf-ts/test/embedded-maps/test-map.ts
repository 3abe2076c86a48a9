import type { MachineMapImage } from "../../src/engine/embedded/machine/image.ts";
import type { MachineMap } from "../../src/engine/embedded/machine/machine-map.ts";
import type { MemoryPlan, Region } from "../../src/engine/embedded/memory/region.ts";
import { openMap } from "../../src/engine/embedded/maps/open-map.ts";
import { planMap } from "../../src/engine/embedded/maps/plan-map.ts";
import type { MapSpec } from "../../src/spec/types.ts";

export const cpus = 2;

export interface TestMap {
  readonly map: MachineMap;
  readonly image: MachineMapImage;
  readonly memory: SharedArrayBuffer;
  readonly regions: Region[];
  /** A program's lookup: the key lies somewhere in the memory. */
  readonly lookup: (key: Uint8Array, cpu: number) => number;
}

export function specOf(
  type: number,
  keySize: number,
  valueSize: number,
  maxEntries: number,
  more: Partial<MapSpec> = {},
): MapSpec {
  return {
    name: "tested",
    type,
    keySize,
    valueSize,
    maxEntries,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    valueType: 0,
    recordType: 0,
    inner: undefined,
    slots: [],
    section: undefined,
    contents: undefined,
    readOnly: false,
    ...more,
  };
}

/** Lays regions one after another with a gap, from 4096 on, so that no address is 0. */
export class SimplePlan implements MemoryPlan {
  readonly regions: Region[] = [];
  end = 4096;

  reserve(name: string, size: number, access: Region["access"]): number {
    const start = this.end;
    if (access !== "machine") this.regions.push({ name, start, end: start + size, access });
    this.end = Math.ceil((start + size) / 8) * 8 + 4096;
    return start;
  }
}

export function makeMap(spec: MapSpec): TestMap {
  const plan = new SimplePlan();
  const image = planMap(spec, plan, cpus);
  const memory = new SharedArrayBuffer(plan.end);
  const map = openMap(image, memory, cpus);
  return { map, image, memory, regions: plan.regions, lookup: lookupIn(map, memory, keyAddress) };
}

/** Below all that a plan gives, and odd: a program's key may stand anywhere. */
export const keyAddress = 65;

export function lookupIn(map: MachineMap, memory: ArrayBufferLike, at: number): TestMap["lookup"] {
  const bytes = new Uint8Array(memory);
  return (key, cpu) => {
    bytes.set(key, at);
    return map.lookup(at, cpu);
  };
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}

export function u64(...values: number[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(values, BigInt).buffer);
}

/** The u64 at an address of the machine. */
export function at(test: TestMap, address: number): number {
  return Number(new BigUint64Array(test.memory, address, 1)[0]);
}

export function asNumber(key: Uint8Array | undefined): number | undefined {
  return key && new DataView(key.buffer, key.byteOffset).getUint32(0, true);
}

/** All keys in the order of nextKey. */
export function keysOf(map: MachineMap): number[] {
  const keys = [];
  for (let key = map.nextKey(undefined); key !== undefined; key = map.nextKey(key)) {
    keys.push(asNumber(key)!);
  }
  return keys;
}
