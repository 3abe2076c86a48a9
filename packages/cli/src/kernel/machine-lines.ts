import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { LineInfo } from "ebpf-ts/btf";
import type { MachineFunction } from "ebpf-ts/kernel";

interface MachineLine {
  /** Bytes from the start of the function. */
  readonly at: number;
  readonly text: string;
  readonly source: LineInfo | undefined;
}

/** Bytes in a line, where nobody disassembles them. */
const bytesInLine = 16;
/** What objdump calls the processors that Node names so. */
const machines: Readonly<Record<string, string>> = { x64: "i386:x86-64", arm64: "aarch64" };

/** Machine code as objdump of binutils prints it; in hexadecimal, a row for each C line at least, where that is not installed. */
export async function machineLines(fn: MachineFunction): Promise<MachineLine[]> {
  const sources = new Map(fn.lines.map(({ offset, line }) => [offset, line]));
  const lines = (await disassembled(fn)) ?? inHexadecimal(fn);
  return lines.map(({ at, text }) => ({ at, text, source: sources.get(at) }));
}

type Row = Omit<MachineLine, "source">;

async function disassembled({ bytes }: MachineFunction): Promise<Row[] | undefined> {
  const machine = machines[process.arch];
  if (machine === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), "ebpf-"));
  try {
    const file = join(folder, "code");
    await writeFile(file, bytes);
    const { stdout } = await promisify(execFile)("objdump", ["-D", "-b", "binary", "-m", machine, file], {
      maxBuffer: 256 * 2 ** 20,
    });
    return stdout.split("\n").flatMap(parseLine);
  } catch {
    return undefined;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** `   4:\t0f 1f 44 00 00       \tnopl   0x0(%rax,%rax,1)`; what goes on in a line of its own has no text. */
function parseLine(line: string): Row[] {
  const [at = "", , text] = line.split("\t");
  const offset = /^\s*([\da-f]+):$/.exec(at)?.[1];
  return offset === undefined || text === undefined ? [] : [{ at: Number.parseInt(offset, 16), text: text.trim() }];
}

function inHexadecimal({ bytes, lines }: MachineFunction): Row[] {
  const starts = new Set(lines.map(({ offset }) => offset));
  const rows: Row[] = [];
  for (let at = 0; at < bytes.length;) {
    let end = at + 1;
    while (end < bytes.length && end - at < bytesInLine && !starts.has(end)) end += 1;
    rows.push({
      at,
      text: Array.from(bytes.subarray(at, end), (byte) => byte.toString(16).padStart(2, "0")).join(" "),
    });
    at = end;
  }
  return rows;
}
