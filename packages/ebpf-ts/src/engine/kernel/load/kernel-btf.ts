import { inSlices } from "../../../base/slices.ts";
import { parsingBtf } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { NotSupportedError } from "../../../base/errors.ts";
import { refusal } from "../../../host/refusal.ts";
import { readLargeFile } from "../../../host/system-files.ts";

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
  const bytes = await readLargeFile(PATH).catch((cause: unknown) => {
    const message = `Cannot read the kernel's types: there is no ${PATH}, it takes CONFIG_DEBUG_INFO_BTF; for CO-RE alone a file of them does: option btf of load()`;
    throw refusal(cause, "read the kernel's types", () => {
      return new NotSupportedError("kernel BTF", message, undefined, { cause });
    });
  });
  return inSlices(parsingBtf(bytes));
}
