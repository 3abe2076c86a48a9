import { resolve } from "node:path";
import { printLine } from "../output/print-line.ts";
import { printable } from "../output/text.ts";
import { ExitCode, UsageError } from "../output/report-error.ts";
import { GeneratedFile, type GenOptions } from "./generated-file.ts";
import { FileWatch } from "../watch/file-watch.ts";

export interface GenArguments extends GenOptions {
  readonly objects: readonly string[];
  readonly check?: boolean;
  readonly watch?: boolean;
}

/** `ebpf gen`: writes the modules of objects, or checks whether they are up to date. */
export async function genObjects({ objects, check = false, watch = false, ...options }: GenArguments): Promise<void> {
  if (options.output !== undefined && objects.length > 1) {
    throw new UsageError("Option --output is for one object: leave it out, or name the objects one by one");
  }
  if (options.output === "-" && (check || watch)) {
    throw new UsageError("Options --check and --watch want a file: standard output is written once");
  }
  const files = objects.map((object) => new GeneratedFile(object, options));
  refuseOneFileTwice(files);
  if (check) await checkAll(files);
  else if (watch) await watchAll(files);
  else for (const file of files) await file.write(await file.generate());
}

function refuseOneFileTwice(files: readonly GeneratedFile[]): void {
  const objects = new Map<string, string>();
  for (const { path, object } of files) {
    if (path === undefined) continue;
    const other = objects.get(resolve(path));
    if (other !== undefined && resolve(other) !== resolve(object))
      throw new UsageError(`${other} and ${object} would both be ${path}: name one with --output`);
    objects.set(resolve(path), object);
  }
}

async function checkAll(files: readonly GeneratedFile[]): Promise<void> {
  for (const file of files) {
    const [text, current] = await Promise.all([file.generate(), file.current()]);
    if (text === current) continue;
    const state = current === undefined ? "is not there" : "is out of date";
    console.error(printable(`ebpf: ${file.path} ${state}: run ${file.command}`));
    process.exitCode = ExitCode.failure;
  }
}

/** What fails is told, and tried again when the object changes. */
async function watchAll(files: readonly GeneratedFile[]): Promise<void> {
  const watch = new FileWatch(files.map(({ object }) => object));
  for (let changed: readonly GeneratedFile[] = files; ;) {
    for (const file of changed) await writeOrTell(file);
    const paths = await watch.changed();
    changed = files.filter(({ object }) => paths.has(resolve(object)));
  }
}

async function writeOrTell(file: GeneratedFile): Promise<void> {
  try {
    if (await file.write(await file.generate())) printLine(printable(`wrote ${file.path}`));
  } catch (error) {
    console.error(printable(`ebpf: ${(error as Error).message.replaceAll("\n", "; ")}`));
  }
}
