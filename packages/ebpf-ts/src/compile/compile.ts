import { aBoolean, aPath, oneOf, strings } from "../base/checks.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { CompileError, EbpfError } from "../base/errors.ts";
import { fileKind } from "../host/named-files.ts";
import { refusal } from "../host/refusal.ts";
import { architecture } from "../host/this-process.ts";
import { inScratchFolder, joinPath, readBytes, readText, runTool } from "../host/tools.ts";
import { hintsFor } from "./compile-hints.ts";
import { type Clang, findClang } from "./find-clang.ts";
import { ownHeaders } from "./own-headers.ts";
import { vmlinuxFolder } from "./vmlinux-header.ts";

/** How {@link compile} compiles. */
export interface CompileOptions {
  /** The compiler, by name or path; else `$CLANG`, `clang`, or the newest `clang-N`. */
  readonly clang?: string;
  /** Further folders with headers, before all others. */
  readonly include?: readonly string[];
  /** Further arguments for clang, after those that it always has. */
  readonly flags?: readonly string[];
  /** Whose registers the object reads (`__TARGET_ARCH_…`); this machine's when left out. */
  readonly architecture?: "x64" | "arm64";
  /** Takes `bpf/bpf_helpers.h` and its like from an installed libbpf, where there is one, rather than the library's own. */
  readonly libbpf?: boolean;
  /** Whether the diagnostics have the colours of a terminal. */
  readonly color?: boolean;
}

/** What came of it. */
export interface Compiled {
  /** The object, as `load()` takes it. */
  readonly object: Uint8Array;
  /** Warnings, as the compiler wrote them; empty when there are none. */
  readonly diagnostics: string;
  /** The files that it was made from, the source first, without those of the system. */
  readonly dependencies: readonly string[];
  /** The compiler. */
  readonly clang: Clang;
}

const checks: Checks<CompileOptions> = {
  clang: aPath,
  include: strings,
  flags: strings,
  architecture: oneOf("x64", "arm64"),
  libbpf: aBoolean,
  color: aBoolean,
};

const targets: Readonly<Record<string, string>> = { x64: "x86", arm64: "arm64" };

/**
 * Compiles C to an eBPF object (clang 14 or later, with debug information), with `bpf/bpf_helpers.h`, `vmlinux.h` and their like at hand.
 * Rejected with {@link CompileError} when the compiler refuses the source, with COMPILER when there is no such compiler, and with NOT_FOUND
 * when there is no source.
 */
export async function compile(path: string, options: CompileOptions = {}): Promise<Compiled> {
  aPath(path, "The path of compile()");
  checkOptions(options, checks, "compile()");
  const action = `compile ${path}`;
  checkSource(path, action);
  const clang = await findClang(action, options.clang);
  try {
    return await inScratchFolder((folder) => compileIn(folder, path, clang, options));
  } catch (cause) {
    if (cause instanceof EbpfError) throw cause;
    throw refusal(cause, action, (code) => new EbpfError("COMPILER", `Cannot ${action}: ${code}`, { cause }));
  }
}

function checkSource(path: string, action: string): void {
  const kind = fileKind(path);
  if (kind === "file") return;
  const reason =
    kind === undefined ? "there is no such file" : "it is no regular file, name a source such as program.bpf.c";
  throw new EbpfError("NOT_FOUND", `Cannot ${action}: ${reason}`);
}

async function compileIn(folder: string, path: string, clang: Clang, options: CompileOptions): Promise<Compiled> {
  const [object, list] = [joinPath(folder, "object"), joinPath(folder, "dependencies")];
  const attempt = async (vmlinux: readonly string[]): ReturnType<typeof runTool> => {
    // A path that begins with a dash would be an option.
    const source = path.startsWith("-") ? `./${path}` : path;
    const output = ["-MMD", "-MF", list, "-o", object, "-c", "-x", "c", source];
    return runTool(clang.path, [...argumentsOf(clang, options, vmlinux), ...output]);
  };
  const first = await attempt([]);
  // To make it takes a second, and most sources that do not ask for it never will.
  const outcome = wantsVmlinux(first.stderr) ? await attempt([await vmlinuxFolder(folder, machineOf(options))]) : first;
  if (outcome.code !== 0) throw refused(path, clang, outcome.code ?? 1, outcome.stderr);
  const dependencies = readDependencies(await readText(list)).filter((each) => !each.endsWith("/vmlinux.h"));
  return { object: await readBytes(object), diagnostics: outcome.stderr, dependencies, clang };
}

function machineOf(options: CompileOptions): "x64" | "arm64" {
  return options.architecture ?? (architecture === "arm64" ? "arm64" : "x64");
}

function argumentsOf(clang: Clang, options: CompileOptions, vmlinux: readonly string[]): string[] {
  const after = options.libbpf === true ? "-idirafter" : "-isystem";
  return [
    "-O2",
    "-g",
    "-Wall",
    "--target=bpfel",
    "-mcpu=v3",
    // Some distributions turn it on for every target, and nothing in the kernel answers to it.
    "-fno-stack-protector",
    `-D__TARGET_ARCH_${targets[machineOf(options)]}`,
    options.color === true ? "-fcolor-diagnostics" : "-fno-color-diagnostics",
    ...(options.include ?? []).flatMap((each) => ["-I", each]),
    ...(options.flags ?? []),
    after,
    ownHeaders(),
    ...vmlinux.flatMap((each) => ["-isystem", each]),
    // For a foreign target clang leaves out the folder that is named after this machine, and there `asm/types.h` is.
    ...clang.headers.flatMap((each) => ["-idirafter", each]),
  ];
}

function wantsVmlinux(diagnostics: string): boolean {
  return /'vmlinux\.h' file not found/.test(diagnostics);
}

function refused(path: string, clang: Clang, code: number, diagnostics: string): CompileError {
  // oxlint-disable-next-line no-control-regex -- colours of the terminal
  const lines = diagnostics.replace(/\x1b\[[\d;]*[mK]/g, "").split("\n");
  const error = lines.find((line) => /\b(?:error|fatal error): /.test(line)) ?? `clang ended with ${code}`;
  const message = `Cannot compile ${path} with clang ${clang.version}: ${error}`;
  return new CompileError(message, code, diagnostics, filesNamedIn(lines), hintsFor(lines.join("\n")));
}

/** `file:7:10: error: …`, and above it `In file included from file:3:`. */
function filesNamedIn(diagnostics: readonly string[]): string[] {
  const names = diagnostics.map((line) => /^(?:In file included from )?(.+?):\d+:/.exec(line)?.[1]);
  return [...new Set(names)].filter((name) => name !== undefined && fileKind(name) === "file") as string[];
}

/** A rule of make(1): `target: file file`, with spaces escaped and lines continued. */
function readDependencies(rule: string): string[] {
  const files = rule.slice(rule.indexOf(": ") + 2).replaceAll("\\\n", " ");
  return (files.match(/(?:\\.|\S)+/g) ?? []).map((file) => file.replace(/\\(.)/g, "$1").replaceAll("$$", "$"));
}
