/**
 * Builds every committed `foo.bpf.o` from the `foo.bpf.c` beside it; `--check` builds to a temporary folder and
 * compares. The bytes depend on the compiler's version alone: no machine path and no DWARF gets in.
 *
 * Comments at the head of a source change what is done:
 *   // clang: -mcpu=v4              flags, in place of the usual -mcpu=v3
 *   // compilers: clang-14 clang-16 more objects of the same source, in the folder clang-14/ and so on beside it
 */
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { findFiles, root } from "./files.ts";

const run = promisify(execFile);

const mainCompiler = "clang-19";
const strip = "llvm-strip-19";
const headLines = 5;

interface Job {
  /** Paths are relative to the root. */
  readonly source: string;
  readonly object: string;
  readonly compiler: string;
  readonly flags: readonly string[];
}

function directive(head: string, name: string): string[] | undefined {
  const value = new RegExp(`^// ${name}:(.*)$`, "m").exec(head)?.[1];
  return value?.trim().split(/\s+/);
}

async function jobsOf(source: string): Promise<Job[]> {
  const text = await readFile(join(root, source), "utf8");
  const head = text.split("\n", headLines).join("\n");
  const flags = directive(head, "clang") ?? ["-mcpu=v3"];
  const object = source.replace(/\.c$/, ".o");
  const others = directive(head, "compilers") ?? [];
  return [
    { source, object, compiler: mainCompiler, flags },
    ...others.map((compiler) => ({
      source,
      object: join(dirname(object), compiler, basename(object)),
      compiler,
      flags,
    })),
  ];
}

/** Debian keeps `asm/types.h` in a folder named after the machine, and clang does not look there for a foreign target. */
function machineHeaders(): string {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  return `/usr/include/${machine}-linux-gnu`;
}

async function build(job: Job, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const always = ["-g", "-O2", "--target=bpfel", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"];
  const paths = [`-ffile-prefix-map=${root}=`, "-fdebug-compilation-dir=.", "-idirafter", machineHeaders()];
  // Paths are given relative to the root, since the source's path is part of the line information.
  await run(job.compiler, [...always, ...paths, ...job.flags, "-c", job.source, "-o", to], { cwd: root });
  await run(strip, ["-g", to], { cwd: root });
}

async function versionOf(tool: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(tool, ["--version"]);
    return stdout.split("\n", 1)[0] ?? tool;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** What is wrong with a committed object, in one line; undefined when nothing is. */
async function difference(job: Job, rebuilt: string): Promise<string | undefined> {
  const expected = await readFile(rebuilt);
  const committed = await readFile(join(root, job.object)).catch(() => undefined);
  if (committed === undefined) return `${job.object} is missing`;
  if (committed.equals(expected)) return undefined;
  let at = 0;
  while (committed[at] === expected[at]) at++;
  return `${job.object} differs from ${job.source}: ${committed.length} bytes committed, ${expected.length} built, first at byte ${at}`;
}

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
}

/** The first words of what the compiler said, since the whole command is in the error's message too. */
function reason(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string };
  return stderr?.trim() || message;
}

type Versions = ReadonlyMap<string, string | undefined>;

async function findVersions(jobs: readonly Job[]): Promise<Versions> {
  const tools = [...new Set([strip, ...jobs.map((job) => job.compiler)])].sort();
  return new Map(await Promise.all(tools.map(async (tool) => [tool, await versionOf(tool)] as const)));
}

/** Builds into `scratch`, then compares or copies. Gives what went wrong, a line each. */
async function work(jobs: readonly Job[], scratch: string, check: boolean): Promise<string[]> {
  const problems: string[] = [];
  await inParallel(jobs, async (job) => {
    const rebuilt = join(scratch, job.object);
    try {
      await build(job, rebuilt);
    } catch (error) {
      problems.push(`${job.source} does not build with ${job.compiler}: ${reason(error)}`);
      return;
    }
    if (check) {
      const problem = await difference(job, rebuilt);
      if (problem !== undefined) problems.push(problem);
    } else {
      await mkdir(dirname(join(root, job.object)), { recursive: true });
      await copyFile(rebuilt, join(root, job.object));
    }
  });
  return problems;
}

async function orphans(jobs: readonly Job[]): Promise<string[]> {
  const known = new Set(jobs.map((job) => job.object));
  const objects = await findFiles(".bpf.o");
  return objects
    .filter((object) => !known.has(object))
    .map((object) => `${object} has no source that it is built from`);
}

function tell(jobs: readonly Job[], versions: Versions, verb: string): void {
  for (const [tool, version] of versions) {
    const count = jobs.filter((job) => job.compiler === tool).length;
    if (count === 0) continue;
    const missing = `${tool} is not installed: ${count} objects left as they are`;
    console.log(version === undefined ? missing : `${count} objects ${verb}: ${version}`);
  }
}

async function main(): Promise<number> {
  const check = process.argv.includes("--check");
  const sources = await findFiles(".bpf.c");
  const jobs = (await Promise.all(sources.map(jobsOf))).flat();
  const versions = await findVersions(jobs);
  if (versions.get(mainCompiler) === undefined || versions.get(strip) === undefined) {
    console.error(`Cannot build objects without ${mainCompiler} and ${strip}: apt-get install clang-19 llvm-19`);
    return 1;
  }
  const scratch = await mkdtemp(join(tmpdir(), "ebpf-ts-objects-"));
  const buildable = jobs.filter((job) => versions.get(job.compiler) !== undefined);
  const problems = await work(buildable, scratch, check).finally(() => rm(scratch, { recursive: true, force: true }));
  problems.push(...(await orphans(jobs)));
  tell(jobs, versions, check ? "compared" : "built");
  for (const problem of problems.sort()) console.error(problem);
  if (problems.length > 0 && check)
    console.error("Run `npm run objects` with the compilers above, and commit what it makes");
  return problems.length > 0 ? 1 : 0;
}

process.exitCode = await main();
