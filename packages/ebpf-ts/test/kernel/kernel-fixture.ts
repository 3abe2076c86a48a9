import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { fixturePath } from "../support/fixtures.ts";

export interface FixtureOptions {
  readonly sys?: Sys;
  readonly pinRoot?: string;
  readonly edit?: (spec: CollectionSpec) => void;
}

export function readSpec(name: string): CollectionSpec {
  return parse(readFileSync(fixturePath(`${name}.bpf.o`)));
}

/** A fixture, loaded into the running kernel. */
export async function loadFixture(name: string, options: FixtureOptions = {}): Promise<KernelCollection> {
  const spec = readSpec(name);
  options.edit?.(spec);
  return KernelCollection.load(options.sys ?? linuxSys(), spec, options.pinRoot ?? "/sys/fs/bpf");
}

/** The running system, but for some of its calls. */
export function changedSys(changes: (real: Sys) => Partial<Sys>): Sys {
  const real = linuxSys();
  return { ...real, ...changes(real) };
}

export function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

export function u64(...values: bigint[]): Uint8Array {
  return new Uint8Array(new BigUint64Array(values).buffer);
}

export function asU64(bytes: Uint8Array | undefined): bigint | undefined {
  return bytes === undefined ? undefined : new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
}

export async function until(condition: () => boolean, what: string, milliseconds = 120_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`Waited ${milliseconds} ms in vain until ${what}`);
    await sleep(1);
  }
}

/** Where a compiled module of the library is, for scripts that run in another process. */
export function moduleUrl(path: string): string {
  return new URL(`../../src/${path}`, import.meta.url).href;
}
