import { rename, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { compile, CompileError, type Compiled, type CompileOptions } from "ebpf-ts/compile";
import { makeFolder } from "../output/make-folder.ts";
import { refuseSpecial } from "../output/refuse-special.ts";
import { reportError, say } from "../output/report-error.ts";
import { FileWatch } from "../watch/file-watch.ts";

export interface BuildArguments {
  readonly source: string;
  readonly flags: readonly string[];
  readonly output?: string;
  readonly watch?: boolean;
  readonly include: readonly string[];
  readonly clang?: string;
  readonly arch?: "x64" | "arm64";
  readonly libbpf?: boolean;
}

/** `ebpf build`: compiles once, or again and again. */
export async function buildObject(options: BuildArguments): Promise<void> {
  if (options.watch !== true) {
    process.exitCode = await buildOnce(options);
    return;
  }
  const watch = new FileWatch([options.source]);
  for (;;) {
    const started = Date.now();
    await buildOnce(options, (files) => watch.follow(files, started));
    await watch.changed();
  }
}

/** Gives the exit code; `onFiles` is told which files were read, or are to blame. */
async function buildOnce(options: BuildArguments, onFiles?: (files: readonly string[]) => void): Promise<number> {
  try {
    const output = options.output ?? objectOf(options.source);
    await refuseSpecial(output, elsewhere);
    const made = await compile(options.source, compileOptions(options));
    onFiles?.(made.dependencies);
    process.stderr.write(made.diagnostics);
    await writeObject(output, made);
    say(`${output}: ${made.object.length} bytes, by clang ${made.clang.version}`);
    return 0;
  } catch (error) {
    if (!(error instanceof CompileError)) return reportError(error);
    onFiles?.(error.files);
    // The compiler's own words, as it writes them for a terminal.
    process.stderr.write(error.diagnostics);
    for (const hint of error.hints) say(`ebpf: ${hint}`);
    return error.exitCode;
  }
}

function compileOptions(options: BuildArguments): CompileOptions {
  return {
    include: options.include,
    flags: options.flags,
    color: process.stderr.isTTY && !process.env["NO_COLOR"],
    ...(options.clang === undefined ? {} : { clang: options.clang }),
    ...(options.arch === undefined ? {} : { architecture: options.arch }),
    ...(options.libbpf === undefined ? {} : { libbpf: options.libbpf }),
  };
}

/** `trace.bpf.c` makes `trace.bpf.o`. */
function objectOf(source: string): string {
  return join(dirname(source), `${basename(source).replace(/\.c$/, "")}.o`);
}

/** Whoever loads the object meanwhile has the old one or the new one. */
async function writeObject(path: string, { object }: Compiled): Promise<void> {
  const beside = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    await makeFolder(dirname(path));
    await writeFile(beside, object);
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {});
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Error(`Cannot write ${path}: ${reasons[code] ?? code}`, { cause });
  }
}

const elsewhere = "name another place with --output";
const reasons: Readonly<Record<string, string>> = {
  EACCES: `this user may not write to its folder: ${elsewhere}`,
  EPERM: `this user may not write to its folder: ${elsewhere}`,
  EROFS: `its folder is on a file system that is read-only: ${elsewhere}`,
  ENOSPC: "there is no space left on the device",
  EISDIR: `there is a folder of that name: ${elsewhere}`,
  ENOTDIR: `part of its path is not a folder: ${elsewhere}`,
  EEXIST: `part of its path is not a folder: ${elsewhere}`,
};
