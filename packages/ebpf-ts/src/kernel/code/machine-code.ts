import type { LineInfo } from "../../btf/types.ts";
import type { CodeBuffers, MachineFunction, ProgramFunction } from "./code-parts.ts";

/** The kernel gives the code of all functions in a row, and says of each where it is and how long. */
export function machineFunctions(
  { jited, addresses, lengths, lineAddresses }: CodeBuffers,
  functions: readonly ProgramFunction[],
  lines: readonly LineInfo[],
): MachineFunction[] {
  const parts: MachineFunction[] = [];
  let start = 0;
  for (const [index, length] of lengths.entries()) {
    const address = addresses[index] ?? 0n;
    const end = address + BigInt(length);
    const own = [...lineAddresses.entries()].filter(([, at]) => at >= address && at < end);
    parts.push({
      name: functions[index]?.name ?? "",
      address,
      bytes: jited.subarray(start, start + length),
      lines: own.flatMap(([at, place]) => {
        const line = lines[at];
        return line === undefined ? [] : [{ offset: Number(place - address), line }];
      }),
    });
    start += length;
  }
  return parts;
}
