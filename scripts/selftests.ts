/** The kernel's own selftests for eBPF, as sources: those of Debian's linux-source-6.12, and what it takes to compile them. */
import { execFile, execFileSync } from "node:child_process";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

const release = "linux-source-6.12";
const compiler = "clang-19";

/** An unpacked tree. Paths are absolute. */
export interface Selftests {
  /** The `.c` files, sorted. */
  readonly sources: readonly string[];
  /** The folder of libbpf's own headers in that tree. */
  readonly libbpf: string;
  /** Where the tree lies. */
  readonly tree: string;
  /** Folders that they include from. */
  readonly includes: readonly string[];
}

/** Those of a tree that lies there already, else of the package, which apt-get fetches and of which no more is unpacked than it takes. */
export async function openSelftests(source: string | undefined, folder: string): Promise<Selftests> {
  const tree = source ?? (await unpack(folder));
  const tools = join(tree, "tools");
  const tests = join(tools, "testing/selftests/bpf");
  const progs = join(tests, "progs");
  const names = (await readdir(progs)).filter((name) => name.endsWith(".c")).sort();
  return {
    sources: names.map((name) => join(progs, name)),
    libbpf: join(tools, "lib/bpf"),
    tree,
    includes: [progs, tests, join(tools, "include/uapi"), join(tools, "include")],
  };
}

async function unpack(folder: string): Promise<string> {
  execFileSync("apt-get", ["download", release], { cwd: folder, stdio: ["ignore", "ignore", "inherit"] });
  const [archive] = (await readdir(folder)).filter((name) => name.endsWith(".deb"));
  execFileSync("dpkg-deb", ["-x", archive!, "."], { cwd: folder });
  const tools = ["testing/selftests/bpf", "lib/bpf", "include", "arch"].map((part) => `${release}/tools/${part}`);
  const parts = [...tools, `${release}/scripts/bpf_doc.py`];
  execFileSync("tar", ["xf", `usr/src/${release}.tar.xz`, ...parts], { cwd: folder });
  return join(folder, release);
}

/** A folder with a `vmlinux.h` of this machine's kernel, printed by bpftool. */
export async function vmlinuxFolder(folder: string): Promise<string> {
  const types = execFileSync("bpftool", ["btf", "dump", "file", "/sys/kernel/btf/vmlinux", "format", "c"], {
    maxBuffer: 2 ** 28,
  });
  const made = join(folder, "vmlinux");
  await mkdir(made);
  await writeFile(join(made, "vmlinux.h"), types);
  return made;
}

/** What the compiler says of a source; `isRefused` when there is no object then. */
export interface Outcome {
  readonly isRefused: boolean;
  readonly diagnostics: string;
}

/** Compiles one as the tests' own Makefile does. `system` are folders before those of the system, `flags` come last. */
export async function compileSelftest(
  { includes }: Selftests,
  source: string,
  object: string,
  { system = [], vmlinux, flags = [] }: { system?: readonly string[]; vmlinux: string; flags?: readonly string[] },
): Promise<Outcome> {
  const isArm = process.arch === "arm64";
  const always = ["-g", "-O2", "--target=bpfel", "-mcpu=v3", "-std=gnu11", "-fno-strict-aliasing"];
  const target = `-D__TARGET_ARCH_${isArm ? "arm64" : "x86"}`;
  const folders = [
    ...[vmlinux, ...includes].flatMap((each) => ["-I", each]),
    ...system.flatMap((each) => ["-isystem", each]),
    "-idirafter",
    `/usr/include/${isArm ? "aarch64" : "x86_64"}-linux-gnu`,
  ];
  try {
    const { stderr } = await run(compiler, [...always, target, ...folders, ...flags, "-c", source, "-o", object]);
    return { isRefused: false, diagnostics: stderr };
  } catch (error) {
    return { isRefused: true, diagnostics: String((error as { stderr?: string }).stderr ?? error) };
  }
}
