import { readObject } from "ebpf-ts";
import { type Btf, parseBtf, printC } from "ebpf-ts/btf";
import { findBtf, readBtf, readKernelBtf } from "ebpf-ts/kernel";
import { jsonText } from "../output/json.ts";
import { parseFile } from "../output/object-file.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";
import { wantedOne } from "./wanted.ts";

export interface BtfDumpOptions {
  readonly format: "c" | "raw";
  readonly json?: boolean;
}

/** `ebpf btf dump`: of the kernel, of what is loaded, or of a file. */
export async function dumpBtf(source: string, { format, json }: BtfDumpOptions): Promise<void> {
  const { btf, base } = await typesOf(source);
  // A header needs the kernel's types too; of a module's types the rest are its own.
  if (json !== true && format === "c") {
    process.stdout.write(printC(btf));
    return;
  }
  for (let id = base?.length ?? 1; id < btf.length; id += 1)
    printLine(json === true ? jsonText(btf.type(id)) : printable(rawLine(btf, id)));
}

interface Types {
  readonly btf: Btf;
  /** What those of a module go on from. */
  readonly base?: Btf | undefined;
}

async function typesOf(source: string): Promise<Types> {
  if (source === "kernel" || source === "vmlinux") return { btf: await readKernelBtf() };
  if (source.includes("/") || source.includes(".")) return typesOfFile(source);
  const id = wantedOne("btf", source);
  const { kernel = false, name = "" } = findBtf(id) ?? {};
  return { btf: await readBtf(id), base: kernel && name !== "vmlinux" ? await readKernelBtf() : undefined };
}

/** What BTF begins with, as in /sys/kernel/btf/vmlinux. Anything else is an object. */
const magic = [0x9f, 0xeb];

async function typesOfFile(path: string): Promise<Types> {
  const isOfModule = path.startsWith("/sys/kernel/btf/") && path !== "/sys/kernel/btf/vmlinux";
  const bytes = await readObject(path);
  if (magic.every((byte, index) => bytes[index] === byte)) {
    const base = isOfModule ? await readKernelBtf() : undefined;
    return { btf: parseBtf(bytes, { base }), base };
  }
  const { btf } = await parseFile(path);
  if (btf === undefined) throw new Error(`Cannot read the types of ${path}: it has none, compile it with -g`);
  return { btf };
}

/** `[12] STRUCT 'file' size=184`, and its members under it. */
function rawLine(btf: Btf, id: number): string {
  const { kind, id: _, ...facts } = btf.type(id) as unknown as Readonly<Record<string, unknown>>;
  const { name, ...rest } = facts;
  const words = Object.entries(rest).map(
    ([key, value]) => `${key}=${typeof value === "object" ? jsonText(value) : String(value)}`,
  );
  return [`[${id}]`, String(kind).toUpperCase(), ...(name === undefined ? [] : [`'${String(name)}'`]), ...words].join(
    " ",
  );
}
