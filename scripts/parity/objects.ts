/** What the two loaders are given: folders of objects, each made in its own way. */
import { execFile, execFileSync, spawnSync } from "node:child_process";
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { root } from "../files.ts";
import { compileSelftest, type Selftests, vmlinuxFolder } from "../selftests.ts";

const run = promisify(execFile);

const fixtures = join(root, "packages/ebpf-ts/test/fixtures");
const rustSource = join(root, "packages/ebpf-ts/test/parity/counts.rs");

/** Programs that the verifier looks at for minutes. */
const tooLong = /pyperf|strobemeta|loop|verif_scale|profiler/;

/** Makes the objects of a group in a folder that is there, and empty. */
export type MakeObjects = (to: string) => Promise<void>;

/** By the names of their folders; `folder` is for what lies beside them, and every so many-th of the selftests is taken. */
export function groupsOf(tests: Selftests, folder: string, every: number): Readonly<Record<string, MakeObjects>> {
  return {
    fixtures: copyFixtures,
    selftests: (to) => compileSelftests(tests, folder, to, every),
    "libbpf-tools": (to) => unpackTools(folder, to),
    "gcc-bpf": compileWithGcc,
    rust: (to) => compileRust(folder, to),
  };
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

/**
 * What rustc makes for eBPF as an object is LLVM's bitcode, for bpf-linker, which no package has; the same as assembly, clang takes. Without
 * Rust's own library the source uses what only the compiler itself may, which RUSTC_BOOTSTRAP allows.
 */
async function compileRust(folder: string, to: string): Promise<void> {
  const assembly = join(folder, "counts.s");
  const flags = ["--edition=2021", "--target=bpfel-unknown-none", "-Copt-level=2", "-Cdebuginfo=2", "-Cpanic=abort"];
  const args = ["--crate-type=lib", ...flags, "--emit=asm", "-o", assembly, rustSource];
  try {
    await run("rustc", args, { env: { ...process.env, RUSTC_BOOTSTRAP: "1" } });
  } catch (error) {
    const { stderr = "", message } = error as { stderr?: string; message: string };
    const why = /^error.*/m.exec(stderr)?.[0] ?? message;
    console.error(`There is no rustc here that compiles for eBPF (1.95 does): nothing is compiled with it: ${why}`);
    return;
  }
  await run("clang-19", ["--target=bpfel", "-c", assembly, "-o", join(to, "counts.bpf.o")]);
}
