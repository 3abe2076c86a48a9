import { type Btf, parseBtf, printC } from "ebpf-ts/btf";
import { findBtf, readBtf, readKernelBtf } from "ebpf-ts/kernel";
import { objectSection, parse } from "ebpf-ts/object";
import { jsonText } from "../output/json.ts";
import { withObject } from "../output/object-file.ts";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";
import { btfJson } from "./btf-json.ts";
import { wantedOne } from "./wanted.ts";

export interface BtfDumpOptions {
  readonly format: "c" | "raw";
  readonly json?: boolean;
}

/** `ebpf btf dump`: of the kernel, of what is loaded, or of a file. */
export async function dumpBtf(source: string, { format, json = false }: BtfDumpOptions): Promise<void> {
  const { btf, base } = await typesOf(source, json);
  const first = base?.length ?? 1;
  if (json) {
    for (const text of inChunks(btfJson(btf, first))) process.stdout.write(text);
    return;
  }
  // A header needs the kernel's types too; of a module's types the rest are its own.
  if (format === "c") {
    process.stdout.write(printC(btf));
    return;
  }
  for (let id = first; id < btf.length; id += 1) printLine(printable(rawLine(btf, id)));
}

const chunkLength = 65_536;

/** One write for many types. */
function* inChunks(pieces: Iterable<string>): Generator<string, undefined> {
  let chunk = "";
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < chunkLength) continue;
    yield chunk;
    chunk = "";
  }
  yield chunk;
}

interface Types {
  readonly btf: Btf;
  /** What those of a module go on from. */
  readonly base?: Btf | undefined;
}

/** `asTheyStand`: those of an object without what loading fills in, as bpftool has them. */
async function typesOf(source: string, asTheyStand: boolean): Promise<Types> {
  if (source === "kernel" || source === "vmlinux") return { btf: await readKernelBtf() };
  if (source.includes("/") || source.includes(".")) return typesOfFile(source, asTheyStand);
  const id = wantedOne("btf", source);
  const { kernel = false, name = "" } = findBtf(id) ?? {};
  return { btf: await readBtf(id), base: kernel && name !== "vmlinux" ? await readKernelBtf() : undefined };
}

/** What BTF begins with, as in /sys/kernel/btf/vmlinux. Anything else is an object. */
const magic = [0x9f, 0xeb];

async function typesOfFile(path: string, asTheyStand: boolean): Promise<Types> {
  const isOfModule = path.startsWith("/sys/kernel/btf/") && path !== "/sys/kernel/btf/vmlinux";
  return withObject(path, async (bytes) => {
    if (magic.every((byte, index) => bytes[index] === byte)) {
      const base = isOfModule ? await readKernelBtf() : undefined;
      return { btf: parseBtf(bytes, { base }), base };
    }
    const btf = asTheyStand ? typesIn(bytes) : parse(bytes).btf;
    if (btf === undefined) throw new Error(`Cannot read the types of ${path}: it has none, compile it with -g`);
    return { btf };
  });
}

function typesIn(object: Uint8Array): Btf | undefined {
  const section = objectSection(object, ".BTF");
  return section === undefined ? undefined : parseBtf(section);
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
