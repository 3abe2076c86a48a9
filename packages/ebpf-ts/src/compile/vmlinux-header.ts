import { parseBtfInPlace } from "../btf/parse-btf.ts";
import { printC } from "../btf/print-c/print-c.ts";
import { buildKernelBtf } from "../engine/embedded/load/own-btf.ts";
import { isThere } from "../host/system-files.ts";
import { cacheFolder, joinPath, readBytes, writeWhole } from "../host/tools.ts";
import { engineHeader } from "./engine-header.ts";

const kernelTypes = "/sys/kernel/btf/vmlinux";

/** Of what is printed: a cache of another version's headers is of no use. */
const format = "1";

/**
 * A folder with `vmlinux.h`: the types of this machine's kernel, or, where it has none, those of the embedded engine. It is made once for
 * each kernel and kept in the user's cache; in `scratch` where that cannot be written.
 */
export async function vmlinuxFolder(scratch: string, machine: "x64" | "arm64"): Promise<string> {
  const kernel = await readBytes(kernelTypes).catch(() => undefined);
  const bytes = kernel ?? buildKernelBtf(machine).bytes;
  const folder = joinPath(cacheFolder(), `vmlinux-${format}-${await digestOf(bytes)}`);
  const file = joinPath(folder, "vmlinux.h");
  if (isThere(file)) return folder;
  const btf = parseBtfInPlace(bytes);
  const text = printC(btf, kernel === undefined ? { before: engineHeader(btf) } : {});
  try {
    await writeWhole(file, text);
    return folder;
  } catch {
    await writeWhole(joinPath(scratch, "vmlinux.h"), text);
    return scratch;
  }
}

async function digestOf(bytes: Uint8Array): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new Uint8Array(bytes)));
  return Array.from(digest.subarray(0, 12), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
