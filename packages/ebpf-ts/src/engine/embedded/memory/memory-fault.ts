import type { ProgramMemory } from "./program-memory.ts";
import { wasmPageSize } from "./wasm-memory.ts";

/** Where a refused access went, in words: `0x0, which is a null pointer`. */
export function describeAddress(memory: ProgramMemory, address: number, size: number): string {
  const where = address < 0 ? `-0x${(-address).toString(16)}` : `0x${withoutCarry(address).toString(16)}`;
  if (address < wasmPageSize) return `${where}, which is a null pointer`;
  if (address >= memory.bytes.length) return `${where}, which is no memory of this program`;
  const name = memory.nameAt(address);
  if (name === undefined) return `${where}, which is in no map, stack or context`;
  return memory.isMapped(address, size)
    ? `${where}, which is in ${name} but not its own now, or not for writing`
    : `${where}, which runs over the end of ${name}`;
}

/** A register and an offset may add up to more than 64 bits, which no address has. */
function withoutCarry(address: number): bigint {
  return BigInt.asUintN(64, BigInt(address));
}
