import type { ProgramMemory } from "./program-memory.ts";
import { wasmPageSize } from "./wasm-memory.ts";

/** Where a refused access went, in words: `0x0, which is a null pointer`. */
export function describeAddress(memory: ProgramMemory, address: number, size: number): string {
  const where = address < 0 ? `-0x${(-address).toString(16)}` : `0x${BigInt(address).toString(16)}`;
  if (address < wasmPageSize) return `${where}, which is a null pointer`;
  if (address >= memory.bytes.length) return `${where}, which is no memory of this program`;
  const region = memory.regionOf(address, size);
  if (region !== undefined) return `${where}, which is in ${region.name} but not its own now, or not for writing`;
  const start = memory.regionOf(address, 1);
  return start === undefined
    ? `${where}, which is in no map, stack or context`
    : `${where}, which runs over the end of ${start.name}`;
}
