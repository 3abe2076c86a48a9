/**
 * Loads objects with this library and with libbpf, and prints what differs: programs that load, error numbers, tags, attributes of maps
 * (packages/ebpf-ts/test/parity has the comparison, and the exceptions with their reasons). The objects are the fixtures, selftests of the kernel (every third
 * source of linux-source-6.12, `--every N` for others), those that are embedded in the commands of Debian's libbpf-tools, and fixtures by
 * gcc-bpf, where that is installed. The judge is the libbpf of that kernel tree.
 *
 * `--source folder` names an unpacked tree, else the packages are fetched with apt-get. `--attach` attaches as well: for a machine of one's own. `--keep folder`
 * has the judge and the objects made there, and those that lie there already are taken.
 */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { root } from "./files.ts";
import { compileSelftest, openSelftests, type Selftests, vmlinuxFolder } from "./selftests.ts";

const run = promisify(execFile);

const fixtures = join(root, "packages/ebpf-ts/test/fixtures");
const comparison = join(root, "packages/ebpf-ts/build/test/parity");

/** Programs that the verifier looks at for minutes. */
const tooLong = /pyperf|strobemeta|loop|verif_scale|profiler/;

interface Options {
  readonly source: string | undefined;
  readonly every: number;
  readonly attach: boolean;
}

async function compareAll(folder: string, { source, every, attach }: Options): Promise<number> {
  const tests = await openSelftests(source ?? treeIn(folder), folder);
  const judge = join(folder, "judge");
  if (!existsSync(judge)) await makeJudge(judge, tests);
  const groups = {
    fixtures: copyFixtures,
    selftests: (to: string) => compileSelftests(tests, folder, to, every),
    "libbpf-tools": (to: string) => unpackTools(folder, to),
    "gcc-bpf": compileWithGcc,
  };
  const folders: string[] = [];
  for (const [name, make] of Object.entries(groups)) {
    const to = join(folder, name);
    folders.push(to);
    if (existsSync(to)) continue;
    await mkdir(to);
    await make(to);
  }
  const args = [join(comparison, "main.js"), judge, ...(attach ? ["--attach"] : []), ...folders];
  return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
}

/** Of an earlier run. */
function treeIn(folder: string): string | undefined {
  const tree = join(folder, "linux-source-6.12");
  return existsSync(tree) ? tree : undefined;
}

async function makeJudge(judge: string, { tree }: Selftests): Promise<void> {
  const { buildJudge } = (await import(join(comparison, "judge.js"))) as {
    buildJudge: (to: string, tree: string) => void;
  };
  buildJudge(judge, tree);
}

async function copyFixtures(to: string): Promise<void> {
  for (const name of await readdir(fixtures))
    if (name.endsWith(".o")) await copyFile(join(fixtures, name), join(to, name));
}

async function compileSelftests(tests: Selftests, folder: string, to: string, every: number): Promise<void> {
  const vmlinux = await vmlinuxFolder(folder);
  const sources = tests.sources.filter((source) => !tooLong.test(source)).filter((_, index) => index % every === 0);
  for (const source of sources) {
    const object = join(to, `${basename(source, ".c")}.bpf.o`);
    const { isRefused } = await compileSelftest(tests, source, object, { vmlinux, flags: ["-Wno-everything"] });
    if (isRefused) await rm(object, { force: true });
  }
}

/** A skeleton has its object in it, byte by byte: an ELF file within the ELF file. */
async function unpackTools(folder: string, to: string): Promise<void> {
  const place = join(folder, "tools");
  await mkdir(place);
  execFileSync("apt-get", ["download", "libbpf-tools"], { cwd: place, stdio: ["ignore", "ignore", "inherit"] });
  const [archive] = (await readdir(place)).filter((name) => name.endsWith(".deb"));
  execFileSync("dpkg-deb", ["-x", archive!, "."], { cwd: place });
  const commands = join(place, "usr/sbin");
  for (const name of await readdir(commands)) {
    const objects = embeddedObjects(await readFile(join(commands, name)));
    for (const [index, bytes] of objects.entries()) await writeFile(join(to, `${name}-${index}.bpf.o`), bytes);
  }
}

const machineBpf = 247;

function embeddedObjects(file: Buffer): Buffer[] {
  const found: Buffer[] = [];
  const magic = Buffer.from("\x7fELF\x02\x01\x01", "latin1");
  for (let at = file.indexOf(magic, 1); at >= 0; at = file.indexOf(magic, at + 1)) {
    if (file.readUInt16LE(at + 18) !== machineBpf) continue;
    // The section headers are the last of it: e_shoff, and e_shnum times e_shentsize.
    const length = Number(file.readBigUInt64LE(at + 40)) + file.readUInt16LE(at + 58) * file.readUInt16LE(at + 60);
    found.push(file.subarray(at, at + length));
  }
  return found;
}

/** Fixtures that it compiles: it lacks some of clang's built-in functions. */
async function compileWithGcc(to: string): Promise<void> {
  const compiler = "bpf-gcc";
  if (spawnSync(compiler, ["--version"]).status !== 0) {
    console.error("There is no bpf-gcc here (Debian's gcc-bpf): nothing is compiled with it");
    return;
  }
  const sources = (await readdir(fixtures)).filter((name) => name.endsWith(".bpf.c"));
  for (const name of sources) {
    const object = join(to, name.replace(/c$/, "o"));
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    const includes = ["-idirafter", "/usr/include", "-idirafter", `/usr/include/${machine}-linux-gnu`];
    const args = ["-g", "-O2", "-w", ...includes, "-c", join(fixtures, name), "-o", object];
    await run(compiler, args).catch(() => rm(object, { force: true }));
  }
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      source: { type: "string" },
      keep: { type: "string" },
      every: { type: "string", default: "3" },
      attach: { type: "boolean", default: false },
    },
  });
  const folder = values.keep ?? (await mkdtemp(join(tmpdir(), "ebpf-ts-parity-")));
  await mkdir(folder, { recursive: true });
  try {
    return await compareAll(folder, { source: values.source, every: Number(values.every), attach: values.attach });
  } finally {
    if (values.keep === undefined) await rm(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
