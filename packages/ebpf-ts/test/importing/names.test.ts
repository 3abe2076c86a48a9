/** Imports of files with any names, and of what is no object: bundlers and Node's hooks load it, or say what is wrong. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { ebpf as esbuildPlugin } from "../../src/esbuild.ts";
import { ebpf as vitePlugin } from "../../src/vite.ts";
import { root, Scratch } from "../codegen/compilers.ts";

const names = ["a b/c d.bpf.o", "what?.bpf.o", "number#1.bpf.o", "100%.bpf.o", "ünï💥.bpf.o", "link.bpf.o"];
const broken: readonly (readonly [string, RegExp])[] = [
  ["text.bpf.o", /Cannot import .*text\.bpf\.o: The file is not an ELF file/],
  ["empty.bpf.o", /Cannot import .*empty\.bpf\.o: The file is not an ELF file/],
  // Vite and Bun do not even find it.
  [
    "pipe.bpf.o",
    /Cannot import .*pipe\.bpf\.o: it is no regular file|(?:Could not resolve|Cannot find module) .*pipe\.bpf\.o/,
  ],
];

describe("an import", { timeout: 240_000 }, () => {
  let scratch: Scratch;
  before(() => {
    scratch = new Scratch();
    mkdirSync(join(scratch.folder, "a b"));
    const object = join(root, "examples/workers/workers.bpf.o");
    for (const name of names.slice(0, -1)) copyFileSync(object, join(scratch.folder, name));
    copyFileSync(object, join(scratch.folder, "plain.bpf.o"));
    symlinkSync("plain.bpf.o", join(scratch.folder, "link.bpf.o"));
    scratch.write("text.bpf.o", "no object");
    scratch.write("empty.bpf.o", "");
    execFileSync("mkfifo", [join(scratch.folder, "pipe.bpf.o")]);
  });
  after(() => scratch.remove());

  /** As a URL where the import is Node's own. */
  function programOf(specifiers: readonly string[]): string {
    const imports = specifiers.map((each, at) => `import p${at}, { load as load${at} } from ${JSON.stringify(each)};`);
    const loads = specifiers.map(
      (_, at) => `await (await load${at}({ engine: "embedded" })).close();\nconsole.log(p${at}.name);`,
    );
    return [...imports, ...loads, ""].join("\n");
  }

  const said = names.map((name) => `${name === "link.bpf.o" ? "plain.bpf.o" : name.replace("a b/", "")}\n`).join("");

  function run(...args: readonly string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: scratch.folder,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
    assert.equal(stderr, "");
    return stdout;
  }

  const bundle = {
    async esbuild(entry: string): Promise<void> {
      const common = { absWorkingDir: scratch.folder, bundle: true, format: "esm", platform: "node" } as const;
      const rest = { outfile: "out/main.js", logLevel: "silent" } as const;
      await esbuild({ ...common, ...rest, external: ["ebpf-ts"], entryPoints: [entry], plugins: [esbuildPlugin()] });
    },
    async vite(entry: string): Promise<void> {
      const build = { ssr: entry, outDir: "out", target: "esnext", emptyOutDir: false };
      const common = { root: scratch.folder, configFile: false, logLevel: "silent" } as const;
      await vite({ ...common, build, plugins: [vitePlugin()] });
    },
  };

  for (const [name, make] of Object.entries(bundle)) {
    it(`has any name, with ${name}`, async () => {
      scratch.write("main.js", programOf(names.map((each) => `./${each}`)));
      await make("main.js");
      assert.equal(run("out/main.js"), said);
    });

    it(`is an object, with ${name}`, async () => {
      for (const [file, expected] of broken) {
        scratch.write("main.js", programOf([`./${file}`]));
        await assert.rejects(make("main.js"), expected);
      }
    });
  }

  it("has any name, by Node's hooks", () => {
    scratch.write("main.js", programOf(names.map((each) => pathToFileURL(join(scratch.folder, each)).href)));
    assert.equal(run("--import", "ebpf-ts/register", "main.js"), said);
  });

  it("is an object, by Node's hooks", () => {
    for (const [file, expected] of broken) {
      scratch.write("main.js", programOf([`./${file}`]));
      const args = ["--import", "ebpf-ts/register", "main.js"];
      const { status, stderr } = spawnSync(process.execPath, args, {
        cwd: scratch.folder,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "pipe"],
        timeout: 60_000,
      });
      assert.equal(status, 1);
      assert.match(stderr, expected);
    }
  });
});
