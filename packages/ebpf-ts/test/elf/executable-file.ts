/** Executables for tests: code at file offset 0x1000 and address 0x401000, data at offset 0x2000 and address 0x402000, and sections behind. */
import type { PartialFile } from "../../src/elf/executable/partial-file.ts";

export interface TestSection {
  readonly name: string;
  /** SHT_* */
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly address?: number;
  /** Number of another section: the first is 1. */
  readonly link?: number;
}

export interface TestExecutable {
  readonly sections: readonly TestSection[];
  /** ET_*: 2 executable, 3 shared. */
  readonly type?: number;
  /** EM_*: 62 x86-64, 183 arm64. */
  readonly machine?: number;
}

const sectionsAt = 0x3000;
const SHT_STRTAB = 3;

export function buildExecutable({ sections, type = 2, machine = 62 }: TestExecutable): Uint8Array {
  const names = new TextEncoder().encode(`\0${sections.map(({ name }) => `${name}\0`).join("")}`);
  const all = [...sections, { name: "", type: SHT_STRTAB, bytes: names }];
  const headersAt = sectionsAt + all.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const file = new Uint8Array(headersAt + 64 * (all.length + 1));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, machine, true);
  view.setBigUint64(0x20, 64n, true);
  view.setBigUint64(0x28, BigInt(headersAt), true);
  for (const [at, value] of [
    [0x36, 56],
    [0x38, 2],
    [0x3a, 64],
    [0x3c, all.length + 1],
    [0x3e, all.length],
  ] as const)
    view.setUint16(at, value, true);
  for (const [number, flags] of [5, 6].entries()) segment(view, 64 + 56 * number, flags, 0x1000 * (number + 1));
  let at = sectionsAt;
  let nameAt = 1;
  for (const [index, section] of all.entries()) {
    file.set(section.bytes, at);
    const header = headersAt + 64 * (index + 1);
    view.setUint32(header, section.name === "" ? 0 : nameAt, true);
    view.setUint32(header + 4, section.type, true);
    view.setBigUint64(header + 16, BigInt(section.address ?? 0), true);
    view.setBigUint64(header + 24, BigInt(at), true);
    view.setBigUint64(header + 32, BigInt(section.bytes.length), true);
    view.setUint32(header + 40, section.link ?? 0, true);
    at += section.bytes.length;
    nameAt += section.name.length + 1;
  }
  return file;
}

function segment(view: DataView, at: number, flags: number, offset: number): void {
  view.setUint32(at, 1, true);
  view.setUint32(at + 4, flags, true);
  view.setBigUint64(at + 8, BigInt(offset), true);
  view.setBigUint64(at + 16, BigInt(0x40_0000 + offset), true);
  view.setBigUint64(at + 32, 0x1000n, true);
}

export function fileOf(bytes: Uint8Array): PartialFile {
  return { size: bytes.length, read: (offset, length) => bytes.subarray(offset, offset + length) };
}
