import { EbpfError } from "../../../../base/errors.ts";
import { matchesGlob } from "../../../../base/glob.ts";
import { nearName } from "../../../../base/near-name.ts";
import { refusal } from "../../../../host/refusal.ts";
import { isThere, readLargeFile } from "../../../../host/system-files.ts";
import { readKernelSymbols } from "../../load/externs/kernel-addresses.ts";
import { missingPrivilege } from "../../privilege.ts";
import { noTracefs, traceFolder } from "../trace-folder.ts";

/** Addresses of all functions whose names fit a pattern, and which the kernel lets be traced. `action` follows "Cannot". */
export async function findFunctions(pattern: string, action: string): Promise<bigint[]> {
  const folder = traceFolder();
  if (folder === undefined) throw noTracefs(action);
  const withAddresses = `${folder}/available_filter_functions_addrs`;
  const found = isThere(withAddresses)
    ? functionsIn(await readList(withAddresses, action), pattern)
    : await addressesOf(namesIn(await readList(`${folder}/available_filter_functions`, action), pattern));
  if (found.length > 0) return known(found, action);
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: this kernel has no function that can be traced and fits ${pattern}`,
  );
}

/** Names of all functions that fit a pattern, of one module or of the kernel itself, and which the kernel lets be traced. */
export async function traceableNames(
  pattern: string,
  module: string | undefined,
  action: string,
): Promise<ReadonlySet<string>> {
  const folder = traceFolder();
  if (folder === undefined) throw noTracefs(action);
  const text = await readList(`${folder}/available_filter_functions`, action);
  const lines = text.matchAll(/^(\S+)(?: \[(\S+)\])?$/gm);
  const found = Array.from(lines, ([, name, owner]) => (owner === module && matchesGlob(pattern, name!) ? name! : ""));
  return new Set(found.filter((name) => name !== ""));
}

/** Addresses of functions, in the order of their names. */
export async function findSymbols(symbols: readonly string[], action: string): Promise<bigint[]> {
  const wanted = new Map<string, bigint[]>(symbols.map((name) => [name, []]));
  const text = await readKernelSymbols();
  for (const [name, address] of functionLines(text)) wanted.get(name)?.push(address);
  const addresses = symbols.map((name) => {
    const [address, ...others] = new Set(wanted.get(name));
    if (address === undefined) throw noFunction(name, text, action);
    if (others.length === 0) return address;
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has several functions ${name}, name another`);
  });
  return known(addresses, action);
}

/** `ffffffff81000000 name`, and behind it the module (Linux 6.5). */
function functionsIn(text: string, pattern: string): bigint[] {
  const found: bigint[] = [];
  for (const [, address, name] of text.matchAll(/^([\da-f]+) (\S+)/gm)) {
    if (matchesGlob(pattern, name!)) found.push(BigInt(`0x${address!}`));
  }
  return found;
}

function namesIn(text: string, pattern: string): Set<string> {
  const names = Array.from(text.matchAll(/^\S+/gm), ([name]) => name);
  return new Set(names.filter((name) => matchesGlob(pattern, name)));
}

/** Of static functions of one name each. */
async function addressesOf(names: ReadonlySet<string>): Promise<bigint[]> {
  if (names.size === 0) return [];
  const found = new Set<bigint>();
  for (const [name, address] of functionLines(await readKernelSymbols())) if (names.has(name)) found.add(address);
  return [...found];
}

function* functionLines(text: string): Generator<[name: string, address: bigint]> {
  for (const [, address, name] of text.matchAll(/^([\da-f]+) [tTwW] (\S+)/gm)) yield [name!, BigInt(`0x${address!}`)];
}

function noFunction(name: string, text: string, action: string): EbpfError {
  const near = nearName(
    name,
    Array.from(functionLines(text), ([each]) => each),
  );
  const hint = near === undefined ? "" : `, did you mean ${near}?`;
  return new EbpfError("NOT_FOUND", `Cannot ${action}: this kernel has no function ${name}${hint}`);
}

/** All are 0 where the kernel does not tell them. */
function known(addresses: bigint[], action: string): bigint[] {
  if (!addresses.includes(0n)) return addresses;
  const why = "the kernel hides the addresses of its functions (kernel.kptr_restrict), it takes CAP_SYSLOG";
  throw new EbpfError("NO_PRIVILEGE", `Cannot ${action}: ${why}`);
}

async function readList(path: string, action: string): Promise<string> {
  const bytes = await readLargeFile(path).catch((cause: unknown) => {
    throw refusal(cause, action, (code) => {
      if (code === "EPERM" || code === "EACCES")
        return new EbpfError("NO_PRIVILEGE", `Cannot ${action} as ${path} cannot be read: ${missingPrivilege()}`, {
          cause,
        });
      const why = `${path} cannot be read (${code}), it takes CONFIG_DYNAMIC_FTRACE`;
      return new EbpfError("NOT_SUPPORTED", `Cannot ${action}: ${why}`, { cause });
    });
  });
  return new TextDecoder("latin1").decode(bytes);
}
