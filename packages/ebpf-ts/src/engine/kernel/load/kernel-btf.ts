import { readFile } from "node:fs/promises";
import { parseBtf } from "../../../btf/index.ts";
import type { Btf } from "../../../btf/types.ts";
import { NotSupportedError, tooManyFiles } from "../../../base/errors.ts";

const PATH = "/sys/kernel/btf/vmlinux";

let loaded: Promise<Btf> | undefined;

/** The running kernel's own types (5 MB), read once and only when a program needs them. */
export function kernelBtf(): Promise<Btf> {
  loaded ??= read().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  });
  return loaded;
}

async function read(): Promise<Btf> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(PATH);
  } catch (cause) {
    const shortage = tooManyFiles(cause, "read the kernel's types");
    if (shortage !== undefined) throw shortage;
    throw new NotSupportedError(
      "kernel BTF",
      `Cannot read the kernel's types: there is no ${PATH}, it takes CONFIG_DEBUG_INFO_BTF`,
      undefined,
      { cause },
    );
  }
  return parseBtf(bytes);
}
