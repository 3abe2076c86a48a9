/**
 * The code of docs/, as printed. Every `ts` block compiles under --strict, behind what the comment before it gives (`<!-- with … -->`), and
 * runs on the embedded engine unless that comment says why not (`<!-- with, not run: … -->`). Every `c` block compiles, every `js` block is the
 * file of examples/ that its first line names, every `ebpf` line of an `sh` block runs. Other languages are pictures.
 *
 * One compilation and one process for all of them. Each object that a page names is fixtures/tracer.bpf.o, but for calls.bpf.o.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { haveEngine } from "ebpf-ts";
import { compile } from "ebpf-ts/compile";
import { root } from "../files.ts";
import { type Block, blocksOf } from "./blocks.ts";

const run = promisify(execFile);

/** Pages that a test of their own follows from the top to the end. */
const followed: Readonly<Record<string, string>> = {
  "cookbook.md": "packages/cli/test/cookbook.test.ts",
  "getting-started.md": "packages/cli/test/getting-started.test.ts",
};
/** What is no code, or is what `ebpf run` prints (packages/cli/test/show.test.ts). */
const pictures = new Set(["text", "http", "console"]);

interface Printed extends Block {
  readonly name: string;
  /** What the comment before it gives. */
  readonly head: string;
  readonly notRun: string | undefined;
}

const pages = readdirSync(join(root, "docs")).filter((page) => page.endsWith(".md") && !(page in followed));
const printed: readonly Printed[] = pages.flatMap((page) =>
  blocksOf(readFileSync(join(root, "docs", page), "utf8")).map((block) => {
    const [, notRun, head] = /^(?:, not run: (.*)$)?([^]*)$/m.exec(block.given ?? "")!;
    return { ...block, name: `${page}:${block.line}`, head: head!.trim(), notRun };
  }),
);

const blocksIn = (language: string): readonly Printed[] => printed.filter((block) => block.language === language);
const moduleOf = (block: Printed): string => block.name.replace(/[.:]/g, "-");

/** The same for root as for others, and in no other folder than the test's. */
function harmless(code: string): string {
  return code
    .replace(/\bload\("([^"]+)"(?:, \{)?/g, (all, object) =>
      all.endsWith("{") ? `load("${object}", { engine: "embedded",` : `load("${object}", { engine: "embedded" }`,
    )
    .replace(/\bholdCommand\((.*), \{/g, 'holdCommand($1, { engine: "embedded",')
    .replace(/"\/dev\/shm\//g, '"./');
}

const config = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2023", "ES2024.SharedMemory", "ESNext.Disposable"],
    module: "NodeNext",
    types: ["node"],
    strict: true,
    outDir: "build",
    rootDir: ".",
  },
};

function skipUnless(condition: boolean, reason: string): string | false {
  if (!condition && process.env["EBPF_TS_NO_SKIP"] === "1")
    throw new Error(`EBPF_TS_NO_SKIP is set, and a test cannot run: ${reason}`);
  return condition ? false : reason;
}

const noCompiler = skipUnless(existsSync("/usr/bin/clang-14"), "clang-14 is not installed");
const kernel: {
  readonly usable: boolean;
  readonly reason?: string | undefined;
  readonly absent?: boolean | undefined;
} = await haveEngine("kernel");
/** Where the host has no bpf(2) at all, nobody can mend it. */
const noKernel =
  kernel.usable || kernel.absent !== true
    ? skipUnless(kernel.usable && existsSync("/sys/kernel/tracing/events"), kernel.reason ?? "tracefs is not mounted")
    : (kernel.reason ?? "there is no bpf(2)");

describe("the code of docs/", () => {
  const start = process.cwd();
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-docs-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    for (const name of ["tracer", "trace", "tool", "stripped"])
      copyFileSync(join(root, "scripts/docs/fixtures/tracer.bpf.o"), join(folder, `${name}.bpf.o`));
    copyFileSync(join(root, "packages/ebpf-ts/test/fixtures/calls.bpf.o"), join(folder, "calls.bpf.o"));
    writeFileSync(join(folder, "events.h"), "struct event { unsigned pid, kind; char origin[8], note[16]; };\n");
    // What the pages' commands are, short: on a machine that may have none.
    mkdirSync(join(folder, "bin"));
    writeFileSync(join(folder, "bin", "make"), "#!/bin/sh\nkill -0 $$\n", { mode: 0o755 });
    process.env["PATH"] = `${join(folder, "bin")}:${process.env["PATH"]}`;
    process.chdir(folder);
  });
  after(() => {
    process.chdir(start);
    rmSync(folder, { recursive: true });
  });

  it("is in languages that are checked", () => {
    const known = new Set([...pictures, "ts", "js", "c", "sh"]);
    assert.deepEqual(
      printed.filter(({ language }) => !known.has(language)).map(({ name, language }) => `${name} ${language}`),
      [],
    );
    for (const page of Object.keys(followed)) assert.ok(existsSync(join(root, followed[page]!)));
    assert.ok(blocksIn("ts").length > 15);
  });

  it("compiles, under --strict", async () => {
    for (const block of blocksIn("ts"))
      writeFileSync(`${moduleOf(block)}.ts`, harmless(`${block.head}\n// ${block.name}\n${block.text}export {};\n`));
    const tsc = join(root, "node_modules", ".bin", "tsc");
    const { stdout } = await run(tsc, ["-p", "."]).catch((error: { stdout: string }) => error);
    assert.equal(stdout, "");
  });

  for (const block of blocksIn("ts").filter(({ notRun }) => notRun === undefined))
    it(`${block.name} runs`, { timeout: 60_000 }, async (test) => {
      test.mock.method(console, "log", () => {});
      await import(pathToFileURL(join(folder, "build", `${moduleOf(block)}.js`)).href);
    });

  for (const block of blocksIn("js"))
    it(`${block.name} is the file of the example, which is built and run`, () => {
      const [, file, text] = /^\/\/ (\S+)\n([^]*)$/.exec(block.text)!;
      assert.equal(text, readFileSync(join(root, "examples/bundle", file!), "utf8"));
    });

  for (const block of blocksIn("c"))
    it(`${block.name} compiles`, { skip: noCompiler }, async () => {
      const source = `${moduleOf(block)}.bpf.c`;
      writeFileSync(source, `${block.head}\n${block.text}`);
      const { diagnostics } = await compile(source);
      assert.equal(diagnostics, "");
    });

  for (const block of blocksIn("sh"))
    for (const line of linesOf(block))
      it(`${block.name} runs: ${line}`, { skip: line.includes("--all") && noKernel }, () => runLine(line));
});

/** Without their comments. */
function linesOf(block: Printed): readonly string[] {
  const lines = block.text.split("\n").filter((line) => line !== "");
  return lines.map((line) => line.replace(/ +#.*/, ""));
}

/** In the test's folder; without a command it would go on until Ctrl-C. Benchmarks are named, not run. */
async function runLine(line: string): Promise<void> {
  const words = line.replace(/^npx /, "").split(/ +/);
  if (words[0] === "npm") {
    const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
      readonly scripts: Readonly<Record<string, string>>;
    };
    assert.match(scripts[words[2]!] ?? "", /node bench\/build\/main\.js$/);
    await run(process.execPath, [join(root, "bench/build/main.js"), ...words.slice(4), "--list"]);
    return;
  }
  assert.equal(words[0], "ebpf");
  const split = words.includes("--") ? words.indexOf("--") : words.length;
  const engine = words.includes("--all") ? "kernel" : "embedded";
  const behind = split < words.length ? words.slice(split) : ["--", "make"];
  const args = [...words.slice(1, split), "--engine", engine, ...behind];
  await run(process.execPath, [join(root, "packages/cli/bin/ebpf.js"), ...args]);
}
