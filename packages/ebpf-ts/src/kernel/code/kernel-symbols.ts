import { readIfThere } from "../../host/system-files.ts";

/** What calls of helpers and kernel functions count from in code that the verifier has left. */
const base = "__bpf_call_base";

/** Names of kernel functions by how far they are from the base that calls count from; none where the kernel hides its addresses. */
export function functionsByDistance(distances: ReadonlySet<number>): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  const text = distances.size === 0 ? "" : (readIfThere("/proc/kallsyms") ?? "");
  const start = new RegExp(`^([\\da-f]+) \\S ${base}$`, "m").exec(text)?.[1];
  const origin = BigInt(`0x${start ?? "0"}`);
  if (origin === 0n) return found;
  for (const [, digits = "", name = ""] of text.matchAll(/^([\da-f]+) [tTwW] (\S+)/gm)) {
    const distance = BigInt(`0x${digits}`) - origin;
    const near = Number(BigInt.asIntN(32, distance));
    if (BigInt(near) === distance && distances.has(near) && !found.has(near)) found.set(near, name);
  }
  return found;
}
