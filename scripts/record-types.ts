/**
 * Which struct is in which ring: prints the table of all rings and perf event arrays of the kernel's own selftests, and how the type of each
 * was found, and compares it with what their sources say (scripts/record-types.txt; `--write` writes that). The selftests are those of Debian's
 * linux-source-6.12: `--source folder` names an unpacked tree, else the package is fetched with apt-get. Also takes objects: they are listed.
 */
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { EbpfError } from "ebpf-ts";
import { mapKind, parse, recordOf, type CollectionSpec } from "ebpf-ts/spec";
import { root } from "./files.ts";
import { compileSelftest, openSelftests, type Selftests, vmlinuxFolder } from "./selftests.ts";

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

async function compileAll(tests: Selftests, folder: string): Promise<{ objects: string[]; refused: string[] }> {
  const vmlinux = await vmlinuxFolder(folder);
  const objects: string[] = [];
  const refused: string[] = [];
  for (const path of tests.sources) {
    if (!/RINGBUF|PERF_EVENT_ARRAY/.test(await readFile(path, "utf8"))) continue;
    const object = join(folder, `${basename(path, ".c")}.bpf.o`);
    const { isRefused } = await compileSelftest(tests, path, object, { vmlinux, flags: ["-Wno-everything"] });
    if (isRefused) refused.push(basename(path));
    else objects.push(object);
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
    const tests = await openSelftests(source, folder);
    const { objects, refused } = await compileAll(tests, folder);
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
