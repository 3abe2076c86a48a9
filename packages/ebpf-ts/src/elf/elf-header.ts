import type { ByteView } from "../bytes/byte-view.ts";
import { EbpfError } from "../base/errors.ts";

const HEADER_SIZE = 64;
const EM_BPF = 247;
const ET_REL = 1;

const MACHINES: Readonly<Record<number, string>> = {
  0: "no machine",
  3: "x86 (32 bits)",
  8: "MIPS",
  20: "PowerPC",
  21: "PowerPC (64 bits)",
  22: "S/390",
  40: "ARM (32 bits)",
  62: "x86-64",
  183: "ARM64",
  243: "RISC-V",
  258: "LoongArch",
};

const FILE_TYPES: Readonly<Record<number, string>> = { 2: "an executable", 3: "a shared library", 4: "a core dump" };

/** Refuses everything but an object file that clang made for eBPF, saying what the file is instead. */
export function checkElfHeader(file: ByteView): void {
  if (file.length < 4 || file.u8(0) !== 0x7f || file.u8(1) !== 0x45 || file.u8(2) !== 0x4c || file.u8(3) !== 0x46) {
    throw bad("The file is not an ELF file: give an eBPF object as clang -target bpf -c writes it");
  }
  if (file.length < HEADER_SIZE)
    throw bad(`The ELF file is truncated: it has ${file.length} bytes and its header alone takes 64`);

  const bigEndian = file.u8(5) === 2;
  const machine = bigEndian ? file.u8(18) * 256 + file.u8(19) : file.u16(18);
  if (machine !== EM_BPF) {
    throw bad(
      `The ELF file is for ${MACHINES[machine] ?? `machine ${machine}`}, not for eBPF: compile it with clang -target bpf -c`,
    );
  }
  if (bigEndian)
    throw bad(
      "The ELF file is for big-endian eBPF, and this host is little-endian: compile it with clang -target bpfel -c",
    );
  if (file.u8(4) !== 2 || file.u8(5) !== 1)
    throw bad("The ELF file is broken: an eBPF object has 64 bits and is little-endian");

  const type = file.u16(16);
  if (type !== ET_REL) {
    throw bad(
      `The ELF file is ${FILE_TYPES[type] ?? `of type ${type}`} rather than an object file: compile it with clang -target bpf -c`,
    );
  }
}

function bad(message: string): EbpfError {
  return new EbpfError("BAD_OBJECT", message);
}
