import { EbpfError } from "../../../base/errors.ts";
import { inSlices } from "../../../base/slices.ts";
import { parsingBtf } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { readNamed } from "../../../host/named-files.ts";
import { refusal } from "../../../host/refusal.ts";

/** Kernels of distributions have some 6 MB. */
const largest = 128 * 2 ** 20;

/** Types of a kernel from a file: BTF as it stands in /sys/kernel/btf/vmlinux, and as BTFhub and `bpftool gen min_core_btf` give it. */
export async function readBtfFile(path: string): Promise<Btf> {
  const bytes = await readNamed(path, largest + 1).catch((cause: unknown) => {
    throw refusal(cause, `read the types in ${path}`, (code) => {
      const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
      return new EbpfError("NOT_FOUND", `Cannot read the types in ${path}: ${why}`, { cause });
    });
  });
  if (bytes[0] === 0x9f && bytes[1] === 0xeb && bytes.length <= largest) {
    return inSlices(parsingBtf(bytes)).catch((cause: unknown) => {
      if (!(cause instanceof EbpfError)) throw cause;
      throw new EbpfError(cause.code, `Cannot read the types in ${path}: ${cause.message}`, { cause });
    });
  }
  const isElf = bytes[0] === 0x7f && bytes[1] === 0x45;
  const hint = isElf ? `: take them out of it with llvm-objcopy --dump-section .BTF=vmlinux.btf ${path}` : "";
  throw new EbpfError("BAD_BTF", `Cannot read the types in ${path}: it is no file of BTF${hint}`);
}
