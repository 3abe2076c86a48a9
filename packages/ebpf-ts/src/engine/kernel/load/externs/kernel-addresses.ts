import { NotSupportedError } from "../../../../base/errors.ts";
import { refusal } from "../../../../host/refusal.ts";
import { readLargeFile } from "../../../../host/system-files.ts";

const PATH = "/proc/kallsyms";

/** `hidden`: the kernel has it, and tells this process no addresses (kernel.kptr_restrict). `ambiguous`: it has several of that name. */
export type KernelAddress = bigint | "hidden" | "ambiguous";

/** Addresses of symbols of the running kernel and its modules, by name. */
export async function findAddresses(names: ReadonlySet<string>): Promise<Map<string, KernelAddress>> {
  return parseAddresses(await readKernelSymbols(), names);
}

/** Symbols of the running kernel and its modules, as /proc/kallsyms has them. Throws NOT_SUPPORTED where the kernel has no list of them. */
export async function readKernelSymbols(): Promise<string> {
  const bytes = await readLargeFile(PATH).catch((cause: unknown) => {
    throw refusal(cause, "read the kernel's symbols", (code) => {
      const why = `${PATH} cannot be read (${code}), it takes CONFIG_KALLSYMS`;
      return new NotSupportedError("kallsyms", `Cannot read the kernel's symbols: ${why}`, undefined, { cause });
    });
  });
  return new TextDecoder("latin1").decode(bytes);
}

/** `ffffffff81000000 T name`, and behind it the module. Compilers put letters of their own behind the names of static data. */
export function parseAddresses(text: string, names: ReadonlySet<string>): Map<string, KernelAddress> {
  const found = new Map<string, KernelAddress>();
  for (const [, digits = "", kind, symbol = ""] of text.matchAll(/^([\da-f]+) (\S) (\S+)/gm)) {
    const name = kind === "d" ? symbol.replace(/\.llvm\..*$/, "") : symbol;
    if (!names.has(name)) continue;
    const address = BigInt(`0x${digits}`);
    const known = found.get(name);
    // Absolute ones may be at 0.
    if (known === undefined) found.set(name, address === 0n && !/a/i.test(kind!) ? "hidden" : address);
    else if (typeof known === "bigint" && known !== address) found.set(name, "ambiguous");
  }
  return found;
}
