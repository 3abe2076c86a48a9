import { readIfThere } from "../../host/system-files.ts";

/** What calls of helpers and kernel functions count from in code that the verifier has left. */
const base = "__bpf_call_base";
/** Of an address in /proc/kallsyms. */
const digits = 16;

/**
 * Names of kernel functions by how far they are from the base that calls count from; none where the kernel hides its addresses. Addresses are looked
 * for as text: to read all of the hundred thousand takes far longer.
 */
export function functionsByDistance(distances: ReadonlySet<number>): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const text = distances.size === 0 ? "" : (readIfThere("/proc/kallsyms") ?? "");
  const at = text.indexOf(` ${base}\n`);
  const start = at < 0 ? "0" : text.slice(text.lastIndexOf("\n", at) + 1, at).split(" ")[0];
  const origin = BigInt(`0x${start}`);
  if (origin === 0n) return found;
  for (const distance of distances) {
    const address = BigInt.asUintN(64, origin + BigInt(distance))
      .toString(16)
      .padStart(digits, "0");
    const line = text.indexOf(`\n${address} `) + 1;
    const name = line === 0 ? undefined : /^\S+ \S (\S+)/.exec(text.slice(line, line + longestLine))?.[1];
    if (name !== undefined) found.set(distance, name);
  }
  return found;
}

/** KSYM_NAME_LEN, and what stands before the name. */
const longestLine = 512 + digits + 3;
