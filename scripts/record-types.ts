/**
 * Which struct is in which ring: prints the table of all rings and perf event arrays of the kernel's own selftests, and how the type of each
 * was found, and compares it with what their sources say (scripts/record-types.txt; `--write` writes that). The selftests are those of Debian's
 * linux-source-6.12: `--source folder` names an unpacked tree, else the package is fetched with apt-get. Also takes objects: they are listed.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { EbpfError } from "ebpf-ts";
import { mapKind, parse, recordOf, type CollectionSpec } from "ebpf-ts/spec";
import { root } from "./files.ts";

const release = "linux-source-6.12";
const compiler = "clang-19";
const answersPath = join(root, "scripts/record-types.txt");

interface Row {
  readonly object: string;
  readonly ring: string;
  readonly type: string;
  readonly how: string;
}

function rowsOf(object: string, spec: CollectionSpec): Row[] {
  const rings = spec.maps.filter(({ type }) => mapKind(type).ring !== undefined);
  return rings.map((map) => {
    const { btf, variants, told } = recordOf(spec, map);
    const [first] = variants;
    if (btf === undefined || first === undefined) return { object, ring: map.name, type: "bytes", how: "" };
    const type = variants.map((each) => btf.nameOf(each.type)).join(" | ");
    return {
      object,
      ring: map.name,
      type,
      how: told === undefined ? `${first.by}, ${first.certainty}` : `told by ${told}`,
    };
  });
}

/** The selftests, and the headers that they need; nothing else is unpacked. */
async function unpack(folder: string): Promise<string> {
  execFileSync("apt-get", ["download", release], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
  execFileSync("dpkg-deb", ["-x", archive!, "."], { cwd: folder });
  const parts = ["testing/selftests/bpf", "lib/bpf", "include"].map((part) => `${release}/tools/${part}`);
  execFileSync("tar", ["xf", `usr/src/${release}.tar.xz`, ...parts], { cwd: folder });
  return join(folder, release);
}

async function compileAll(source: string, folder: string): Promise<{ objects: string[]; refused: string[] }> {
  const tools = join(source, "tools");
  const tests = join(tools, "testing/selftests/bpf");
  const types = execFileSync("bpftool", ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"], {
    maxBuffer: 2 ** 28,
  });
  await writeFile(join(folder, "vmlinux.h"), types);
  const includes = [folder, join(tests, "progs"), tests, join(tools, "include/uapi"), join(tools, "include")];
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const flags = ["-g", "-O2", "--target=bpfel", "-mcpu=v3", "-Wno-everything"];
  const arch = `-D__TARGET_ARCH_${process.arch === "arm64" ? "arm64" : "x86"}`;
  const objects: string[] = [];
  const refused: string[] = [];
  for (const name of (await readdir(join(tests, "progs"))).sort()) {
    const path = join(tests, "progs", name);
    if (!name.endsWith(".c") || !/RINGBUF|PERF_EVENT_ARRAY/.test(await readFile(path, "utf8"))) continue;
    const object = join(folder, `${basename(name, ".c")}.bpf.o`);
    const headers = [...includes.flatMap((each) => ["-I", each]), "-idirafter", `/usr/include/${machine}-linux-gnu`];
    try {
      execFileSync(compiler, [...flags, arch, ...headers, "-c", path, "-o", object], { stdio: "pipe" });
      objects.push(object);
    } catch {
      refused.push(name);
    }
  }
  return { objects, refused };
}

async function readAll(objects: readonly string[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of objects) {
    const name = basename(path).replace(/\.bpf\.o$/, "");
    try {
      rows.push(...rowsOf(name, parse(new Uint8Array(await readFile(path)))));
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
      console.error(`${name} cannot be read: ${error.message}`);
    }
  }
  return rows;
}

function print(rows: readonly Row[]): string {
  const line = ({ object, ring, type, how }: Row): string =>
    `${object.padEnd(34)} ${ring.padEnd(22)} ${type.padEnd(28)} ${how}`.trimEnd();
  const counts = new Map<string, number>();
  for (const { how } of rows) counts.set(how || "bytes", (counts.get(how || "bytes") ?? 0) + 1);
  const sums = [...counts].sort((a, b) => b[1] - a[1]).map(([how, count]) => `${String(count).padStart(4)}  ${how}`);
  return `${rows.map(line).join("\n")}\n\n${sums.join("\n")}\n`;
}

async function selftests(source: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ebpf-ts-record-types-"));
  try {
    const tree = source ?? (await unpack(folder));
    const built = join(folder, "built");
    await mkdir(built);
    const { objects, refused } = await compileAll(tree, built);
    for (const name of refused) console.error(`${name} does not compile here`);
    const start = performance.now();
    const rows = await readAll(objects);
    console.error(`${objects.length} objects read in ${Math.round(performance.now() - start)} ms`);
    return print(rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { source: { type: "string" }, write: { type: "boolean", default: false } },
  });
  if (positionals.length > 0) {
    process.stdout.write(print(await readAll(positionals)));
    return 0;
  }
  const text = await selftests(values.source);
  process.stdout.write(text);
  if (values.write) await writeFile(answersPath, text);
  const expected = existsSync(answersPath) ? await readFile(answersPath, "utf8") : "";
  if (text === expected) return 0;
  console.error("This is not what scripts/record-types.txt says");
  return 1;
}

process.exitCode = await main();
