/**
 * The library's headers (`bpf/bpf_helpers.h` and the others) against those of libbpf, on the kernel's own selftests: what compiles with
 * theirs must compile with ours, with no further warning, to the same instructions, relocations and constants. Two judges: the installed
 * libbpf-dev, and the libbpf of the selftests' own tree. `vmlinux.h` is the library's own print. `--source folder` names an unpacked tree, else
 * the package linux-source-6.12 is fetched with apt-get. Further arguments are names of selftests: only those then.
 */
import { execFile, execFileSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { parseBtf, printC } from "ebpf-ts/btf";
import { root } from "./files.ts";
import { compileSelftest, openSelftests, type Outcome, type Selftests } from "./selftests.ts";

const run = promisify(execFile);

const ours = join(root, "packages/ebpf-ts/include");

/** Headers to compare with: folders before those of the system; none for an installed libbpf-dev. */
interface Judge {
  readonly name: string;
  readonly system: readonly string[];
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { source: { type: "string" } } });
  const folder = await mkdtemp(join(tmpdir(), "ebpf-ts-headers-"));
  try {
    const tests = await openSelftests(values.source, folder);
    const judges = [
      { name: "libbpf-dev", system: [] },
      { name: "the tree's libbpf", system: [await treeHeaders(tests, folder)] },
    ];
    await writeFile(join(folder, "vmlinux.h"), printC(parseBtf(new Uint8Array(await readFile(kernelTypes))), {}));
    const counts = new Map<string, number>();
    for (const source of tests.sources) {
      if (positionals.length > 0 && !positionals.includes(basename(source, ".c"))) continue;
      const verdict = await compare(tests, source, folder, judges);
      counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    }
    for (const [verdict, count] of [...counts].sort()) console.log(`${String(count).padStart(4)}  ${verdict}`);
    return [...counts.keys()].every((verdict) => verdict === refused || verdict.startsWith(same)) ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const kernelTypes = "/sys/kernel/btf/vmlinux";

/** Its list of helpers is generated from the uapi, as its Makefile does. */
async function treeHeaders({ libbpf, tree }: Selftests, folder: string): Promise<string> {
  const made = join(folder, "tree-headers");
  await mkdir(made);
  await cp(libbpf, join(made, "bpf"), { recursive: true });
  const helpers = execFileSync("python3", [
    join(tree, "scripts/bpf_doc.py"),
    "--header",
    "--file",
    join(tree, "tools/include/uapi/linux/bpf.h"),
  ]);
  await writeFile(join(made, "bpf/bpf_helper_defs.h"), helpers);
  return made;
}

/** Of sources that compile with no judge's headers; those that need newer ones than libbpf-dev has are compared with the tree's. */
const refused = "compiles with no libbpf here";

/** The first judge that gives the same settles it: judges of different age differ among themselves. What differs from all is printed. */
async function compare(tests: Selftests, source: string, folder: string, judges: readonly Judge[]): Promise<string> {
  const name = basename(source, ".c");
  const compile = (object: string, system: readonly string[]): Promise<Outcome> =>
    compileSelftest(tests, source, object, { system, vmlinux: folder, flags: ["-Wall"] });
  const object = join(folder, "ours.o");
  const own = compile(object, [ours]);
  const differences: string[] = [];
  for (const judge of judges) {
    const theirs = join(folder, "theirs.o");
    const [outcome, mine] = await Promise.all([compile(theirs, judge.system), own]);
    if (outcome.isRefused) continue;
    const difference = await differenceFrom({ outcome, object: theirs }, { outcome: mine, object });
    if (difference === undefined) return `${same} ${judge.name}`;
    differences.push(`${name}, ${judge.name}: ${difference}`);
  }
  if (differences.length === 0) return refused;
  console.log(differences.join("\n"));
  return "differs";
}

const same = "the same as with";

interface Built {
  readonly outcome: Outcome;
  readonly object: string;
}

async function differenceFrom(theirs: Built, own: Built): Promise<string | undefined> {
  if (own.outcome.isRefused) return `does not compile with ours\n${indented(own.outcome.diagnostics)}`;
  const known = new Set(warningsIn(theirs.outcome.diagnostics));
  const further = warningsIn(own.outcome.diagnostics).filter((warning) => !known.has(warning));
  if (further.length > 0) return `further warnings with ours\n${indented(further.join("\n"))}`;
  const [expected, code] = [await codeOf(theirs.object), await codeOf(own.object)];
  return expected === code ? undefined : `other code with ours\n${indented(differenceOf(expected, code))}`;
}

function indented(text: string): string {
  return text
    .split("\n")
    .slice(0, 12)
    .map((line) => `    ${line}`)
    .join("\n");
}

/** Without where they are, for macros are defined elsewhere. */
function warningsIn(diagnostics: string): string[] {
  return [...diagnostics.matchAll(/ (?:warning|error): .*/g)].map(([text]) => text.trim());
}

function differenceOf(theirs: string, own: string): string {
  const [a, b] = [theirs.split("\n"), own.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  return [
    `theirs: ${a.slice(at, at + 4).join("\n        ")}`,
    `ours:   ${b.slice(at, at + 4).join("\n        ")}`,
  ].join("\n");
}

/** Instructions with their relocations, and the bytes of constants and variables. Ids of types are left out: they count what the headers declare. */
async function codeOf(object: string): Promise<string> {
  const options = { maxBuffer: 2 ** 28 };
  const code = await run("llvm-objdump-19", ["-dr", "--no-show-raw-insn", object], options);
  const data = await run(
    "llvm-readelf-19",
    ["-x", ".rodata", "-x", ".data", "-x", "license", "-x", ".rodata.str1.1", object],
    options,
  );
  // Their first lines name the file.
  return code.stdout.slice(code.stdout.indexOf("Disassembly")).replaceAll(/\[\d+\] /g, "") + data.stdout;
}

process.exitCode = await main();
