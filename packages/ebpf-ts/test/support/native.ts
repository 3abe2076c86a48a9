/** Programs of this machine, compiled when a test wants them: what probes of user space are put into. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fixturePath } from "./fixtures.ts";
import { compilersOrSkip, kernelOrSkip, orFail, type SkipReason } from "./requirements.ts";

/** The programs say where arguments lie in the words of x86-64. */
export function nativeOrSkip(): SkipReason {
  const kernel = kernelOrSkip();
  if (kernel !== false) return kernel;
  if (process.arch !== "x64") return orFail(`the programs are for x64, this is ${process.arch}`);
  return compilersOrSkip("clang-19");
}

export function goOrSkip(): SkipReason {
  return orFail(existsSync("/usr/bin/go") ? false : "golang-go is not installed");
}

/** A folder for them, to be removed after the tests. */
export class NativeFolder {
  readonly path: string = mkdtempSync(join(tmpdir(), "ebpf-native-"));

  file(name: string): string {
    return join(this.path, name);
  }

  /** Of test/fixtures/native; gives the path of the program. */
  compile(source: string, name: string, ...flags: string[]): string {
    const from = fixturePath(`native/${source}`);
    if (source.endsWith(".go")) {
      const own = { GOCACHE: this.file("cache"), GOFLAGS: "-mod=mod", GO111MODULE: "off" };
      execFileSync("go", ["build", ...flags, "-o", this.file(name), from], { env: { ...process.env, ...own } });
    } else {
      execFileSync("clang-19", ["-O1", ...flags, "-o", this.file(name), from]);
    }
    return this.file(name);
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

/** One that runs: it answers each line with one. */
export class RunningProgram {
  readonly #child;
  readonly #answers;

  constructor(path: string) {
    this.#child = spawn(path, [], { stdio: ["pipe", "pipe", "inherit"] });
    this.#answers = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  async ask(line: number | string): Promise<string> {
    this.#child.stdin.write(`${line}\n`);
    const { value } = (await this.#answers.next()) as IteratorResult<string, string>;
    return value;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.stdin.end();
    await ended;
  }
}
