import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { orFail, type SkipReason } from "./requirements.ts";

/** For tests that compile C for eBPF. */
export function compilerOrSkip(compiler = "clang-19"): SkipReason {
  return orFail(hasCompiler(compiler) ? false : `${compiler} is not installed`);
}

export function hasCompiler(compiler: string): boolean {
  try {
    execFileSync(compiler, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export interface CompileOptions {
  readonly compiler?: string;
  readonly flags?: readonly string[];
  /** Takes the debug information out again, as objects are shipped. */
  readonly strip?: boolean;
}

/** The bytes of an object file, with debug information. */
export function compile(source: string, options: CompileOptions = {}): Uint8Array {
  const { compiler = "clang-19", flags = [], strip = false } = options;
  const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-compile-"));
  try {
    const object = join(folder, "object.bpf.o");
    // Debian keeps asm/types.h in a folder named after the machine, where clang does not look for a foreign target.
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    const always = ["-g", "-O2", "--target=bpfel", "-mcpu=v3", "-Wno-everything"];
    const paths = ["-idirafter", `/usr/include/${machine}-linux-gnu`];
    execFileSync(compiler, [...always, ...paths, ...flags, "-c", source, "-o", object], { stdio: "pipe" });
    if (strip) execFileSync("llvm-strip-19", ["-g", object], { stdio: "pipe" });
    return new Uint8Array(readFileSync(object));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
