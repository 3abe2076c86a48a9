/** `ebpf gen --watch` and `ebpf build --watch`, with files as editors, compilers and people change them. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "./ebpf.ts";
import { compilerOrSkip } from "./requirements.ts";

const kills = join(root, "examples/inject/kills.bpf.o");
const calls = join(root, "examples/bundle/calls.bpf.o");

/** A command that watches: all that it says, in its order. */
class Watching implements AsyncDisposable {
  readonly #child: ChildProcess;
  #said = "";
  #wake: () => void = () => {};

  constructor(args: readonly string[], cache: string) {
    this.#child = spawn(process.execPath, [join(root, "packages/cli/bin/ebpf.js"), ...args, "--watch"], {
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, XDG_CACHE_HOME: cache },
      stdio: ["ignore", "pipe", "pipe"],
    });
    for (const stream of [this.#child.stdout!, this.#child.stderr!])
      stream.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    this.#child.on("exit", () => this.#hear("it has ended"));
  }

  #hear(text: string): void {
    this.#said += text;
    this.#wake();
  }

  /** Waits until it says so, from what it has said before on. */
  async says(expected: RegExp): Promise<void> {
    for (;;) {
      const found = expected.exec(this.#said);
      if (found !== null) {
        this.#said = this.#said.slice(found.index + found[0].length);
        return;
      }
      assert.doesNotMatch(this.#said, /it has ended/);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** As Ctrl-C does; gives the signal that it ended of. */
  async interrupt(): Promise<unknown> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    return (await ended)[1];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }
}

describe("a command that watches", { timeout: 240_000 }, () => {
  let folder: string;
  let objects: string;
  let object: string;
  before(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-watch-"));
    objects = join(folder, "objects");
    object = join(objects, "watched.bpf.o");
  });
  after(() => rmSync(folder, { recursive: true }));
  const cache = (): string => join(folder, "cache");

  it("gen: an object that is replaced, half written, removed, with its folder, and there again", async () => {
    mkdirSync(objects);
    copyFileSync(kills, object);
    const module = join(folder, "watched.ts");
    const isOf = (expected: RegExp): void => assert.match(readFileSync(module, "utf8"), expected);
    const [ofKills, ofCalls] = [/readonly on_kill: ProgramOf/, /readonly calls: RingOf/];
    await using gen = new Watching(["gen", object, "-o", module], cache());
    await gen.says(/wrote .*watched\.ts\n/);

    copyFileSync(calls, join(objects, ".watched.new"));
    renameSync(join(objects, ".watched.new"), object);
    await gen.says(/wrote/);
    isOf(ofCalls);

    const whole = readFileSync(kills);
    writeFileSync(object, whole.subarray(0, whole.length / 2));
    await gen.says(/ebpf: Cannot read .*watched\.bpf\.o: The ELF file is truncated/);
    appendFileSync(object, whole.subarray(whole.length / 2));
    await gen.says(/wrote/);
    isOf(ofKills);

    unlinkSync(object);
    await gen.says(/ebpf: Cannot read .*watched\.bpf\.o: there is no such file/);
    symlinkSync(calls, object);
    await gen.says(/wrote/);
    unlinkSync(object);
    symlinkSync(kills, object);
    await gen.says(/wrote/);
    isOf(ofKills);

    rmSync(objects, { recursive: true });
    await gen.says(/there is no such file/);
    mkdirSync(objects);
    copyFileSync(calls, object);
    await gen.says(/wrote/);
    isOf(ofCalls);

    for (let turn = 0; turn < 50; turn += 1) copyFileSync(turn % 2 === 0 ? calls : kills, object);
    await gen.says(/wrote/);
    isOf(ofKills);
    assert.equal(await gen.interrupt(), "SIGINT");
  });

  it("build: a header with an error from the start, removed, and there again", { skip: compilerOrSkip() }, async () => {
    const headers = join(folder, "headers");
    const header = join(headers, "limit.h");
    const source = join(folder, "probe.bpf.c");
    const write = (text: string): void => {
      mkdirSync(headers, { recursive: true });
      writeFileSync(header, text);
    };
    writeFileSync(source, '#include "headers/limit.h"\nint limit = LIMIT;\n');
    write("int here\n#define LIMIT 5\n");
    await using build = new Watching(["build", source], cache());
    await build.says(/limit\.h:1:9: error: expected ';'/);
    write("#define LIMIT 5\n");
    await build.says(/bytes, by clang/);
    rmSync(headers, { recursive: true });
    await build.says(/'headers\/limit\.h' file not found/);
    write("#define LIMIT 6\n");
    await build.says(/bytes, by clang/);
    unlinkSync(source);
    await build.says(/Cannot compile .*: there is no such file/);
    writeFileSync(source, "int other;\n");
    await build.says(/bytes, by clang/);
    assert.equal(await build.interrupt(), "SIGINT");
  });

  it("build: ends while the compiler runs", { skip: compilerOrSkip() }, async () => {
    const source = join(folder, "slow.bpf.c");
    const compiler = join(folder, "clang");
    // Says when it is asked to compile, and does not come to an end by itself.
    writeFileSync(
      compiler,
      `#!/bin/sh\ncase "$*" in *slow.bpf.c*) echo begun >&2; : > ${folder}/begun; while kill -0 $PPID; do :; done;; *) exec clang-19 "$@";; esac\n`,
      { mode: 0o755 },
    );
    writeFileSync(source, "int a;\n");
    await using build = new Watching(["build", source, "--clang", compiler], cache());
    while (!existsSync(join(folder, "begun"))) await new Promise(setImmediate);
    assert.equal(await build.interrupt(), "SIGINT");
  });
});
