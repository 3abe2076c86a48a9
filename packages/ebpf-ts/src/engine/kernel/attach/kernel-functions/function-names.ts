import { readKernelSymbols } from "../../load/externs/kernel-addresses.ts";

/** Names of the kernel's functions and of those of its modules, each as often as it has such a one. */
export async function functionNames(): Promise<string[]> {
  const text = await readKernelSymbols();
  return Array.from(text.matchAll(/^[\da-f]+ [tTwW] (\S+)/gm), ([, name]) => name!);
}
