import type { KernelCollection } from "../../src/engine/kernel/kernel-collection.ts";
import { KernelCollection as Kernel } from "../../src/engine/kernel/kernel-collection.ts";
import { Collection } from "../../src/collection/collection.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { readSpec } from "./kernel-fixture.ts";

/** Programs of the fixture by the number that each counts under. */
const numbers: Readonly<Record<string, number>> = {
  xdp_first: 0,
  xdp_second: 1,
  tc_anywhere: 2,
  tc_ingress: 3,
  tc_egress: 4,
  filter_first: 5,
  packets: 6,
  packets_out: 7,
  connects: 8,
  operations: 9,
  lookups: 10,
  dissects: 11,
  netkit_peer: 12,
  messages: 13,
  verdicts: 14,
  filters: 15,
  chooses: 16,
};

/** Those programs of the fixture alone. */
export async function loadNet(names: readonly string[], sys: Sys = linuxSys()): Promise<Collection> {
  const spec = readSpec("net");
  for (const program of spec.programs) program.autoload = names.includes(program.name);
  const loaded: KernelCollection = await Kernel.load(sys, spec, "/sys/fs/bpf");
  return new Collection(spec, loaded);
}

/** How often a program has run. */
export function runsOf(bpf: Collection, name: string): number {
  return Number(bpf.map("runs").get(numbers[name]!));
}
