import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { build as esbuild, type Plugin as EsbuildPlugin } from "esbuild";
import { rollup } from "rollup";
import { build as vite, type Plugin as VitePlugin } from "vite";
import { generateDeclaration } from "../../src/codegen/index.ts";
import { ebpf as esbuildPlugin } from "../../src/esbuild.ts";
import { ebpf as vitePlugin } from "../../src/vite.ts";
import { compilers, root, Scratch } from "../codegen/compilers.ts";
import { compilersOrSkip } from "../support/requirements.ts";

/** Sends a command to the program, runs it, and prints what it answered. */
const program = (object: string, options: string): string => `
import probe, { load } from ${JSON.stringify(object)};
const bpf = await load(${options});
const { next_number } = bpf.variables;
next_number.set(5n);
await bpf.programs.send_numbers.run({ context: Uint8Array.of(2, 0, 0, 0) });
const stream = bpf.rings.numbers.events();
for (const _ of "12") {
  const { value } = await stream.next();
  console.log(String(value?.value));
}
await stream.return?.();
await bpf.close();
console.log(probe.name, probe.digest.slice(0, 7), (await probe.bytes()).length > 1000);
`;

const example = join(root, "examples/workers");
const said = (name: string): string => `5\n7\n${name} sha256- true\n`;

/** With only what a bundle is said to need. */
function run(folder: string, ...args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder, encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout;
}

describe("an object as a module", { timeout: 240_000 }, () => {
  let scratch: Scratch;
  before(() => {
    scratch = new Scratch();
    for (const name of ["workers.bpf.o", "workers.bpf.c"])
      copyFileSync(join(example, name), join(scratch.folder, name));
    scratch.write("main.js", program("./workers.bpf.o", '{ engine: "embedded" }'));
    scratch.write("browser.js", program("./workers.bpf.o", "{ cpus: 1 }"));
    scratch.write("source.js", program("./workers.bpf.c", "{}"));
    scratch.write("broken.bpf.c", "int a;\nint b;\nint c\nint d;\n");
    scratch.write("broken.js", program("./broken.bpf.c", "{}"));
    scratch.write("index.html", '<script type="module" src="./browser.js"></script>');
  });
  after(() => scratch.remove());

  /** Where the object, and the library, are not. */
  function alone(folder: string, file: string): string {
    const elsewhere = new Scratch();
    try {
      rmSync(join(elsewhere.folder, "node_modules/ebpf-ts"));
      cpSync(join(scratch.folder, folder), join(elsewhere.folder, "out"), { recursive: true });
      return run(elsewhere.folder, join("out", file));
    } finally {
      elsewhere.remove();
    }
  }

  it("by Node's hooks", () => {
    assert.equal(run(scratch.folder, "--import", "ebpf-ts/register", "main.js"), said("workers.bpf.o"));
  });

  it("by Node's hooks, compiled on the way", { skip: compilersOrSkip("clang-19") }, () => {
    scratch.write("source.js", program("./workers.bpf.c", '{ engine: "embedded" }'));
    assert.equal(run(scratch.folder, "--import", "ebpf-ts/register", "source.js"), said("workers.bpf.c"));
    const { status, stderr } = spawnSync(process.execPath, ["--import", "ebpf-ts/register", "broken.js"], {
      cwd: scratch.folder,
      encoding: "utf8",
    });
    assert.equal(status, 1);
    assert.match(stderr, /Cannot compile .*broken\.bpf\.c with clang .*broken\.bpf\.c:3:6: error: expected ';'/);
  });

  it("in a bundle of esbuild's", async () => {
    const plugins: EsbuildPlugin[] = [esbuildPlugin()];
    const common = { absWorkingDir: scratch.folder, bundle: true, format: "esm", plugins, target: "es2022" } as const;
    await esbuild({
      ...common,
      entryPoints: ["main.js"],
      platform: "node",
      packages: "bundle",
      external: ["koffi"],
      outdir: "node",
    });
    assert.equal(alone("node", "main.js"), said("workers.bpf.o"));
    await esbuild({ ...common, entryPoints: ["browser.js"], outdir: "browser" });
    assert.equal(alone("browser", "browser.js"), said("workers.bpf.o"));
    const failed = esbuild({ ...common, entryPoints: ["broken.js"], outdir: "broken", logLevel: "silent" });
    await assert.rejects(failed, /broken\.bpf\.c:3:6: error/);
  });

  it("in a project of Vite's", async () => {
    const plugins: VitePlugin[] = [vitePlugin()];
    const common = { root: scratch.folder, configFile: false, plugins, logLevel: "silent" } as const;
    await vite({
      ...common,
      build: { outDir: "site", target: "esnext", minify: false, modulePreload: { polyfill: false } },
    });
    const [bundle] = readdirSync(join(scratch.folder, "site/assets"));
    assert.equal(alone("site/assets", bundle!), said("workers.bpf.o"));
    const page = readFileSync(join(scratch.folder, "site/index.html"), "utf8");
    assert.ok(page.includes(`/assets/${bundle}`));
    await vite({
      ...common,
      ssr: { noExternal: ["ebpf-ts"], external: ["koffi"] },
      build: { ssr: "main.js", outDir: "server", target: "esnext" },
    });
    assert.equal(alone("server", "main.js"), said("workers.bpf.o"));
    await assert.rejects(
      vite({ ...common, build: { rollupOptions: { input: join(scratch.folder, "broken.js") } } }),
      /broken\.bpf\.c:3:6: error/,
    );
  });

  it("in a bundle of Rollup's", async () => {
    const bundle = await rollup({
      input: join(scratch.folder, "main.js"),
      plugins: [vitePlugin()],
      external: ["ebpf-ts"],
    });
    await bundle.write({ dir: join(scratch.folder, "rollup") });
    assert.equal(run(scratch.folder, "rollup/main.js"), said("workers.bpf.o"));
  });

  it("with types, by a declaration beside the object", async () => {
    const object = readFileSync(join(scratch.folder, "workers.bpf.o"));
    const typed = new Scratch();
    try {
      typed.write("workers.bpf.d.o.ts", await generateDeclaration(object, { path: "./workers.bpf.o" }));
      typed.write("main.ts", program("./workers.bpf.o", '{ engine: "embedded" }'));
      typed.write(
        "wrong.ts",
        `import { load } from "./workers.bpf.o";\nconst bpf = await load();\n// @ts-expect-error -- no such ring\nbpf.rings.number;\n`,
      );
      for (const compiler of compilers)
        assert.equal(typed.compile(compiler, "--allowArbitraryExtensions", "--noUnusedLocals", "false"), "");
    } finally {
      typed.remove();
    }
  });

  it("refuses options that nobody knows", () => {
    assert.throws(() => vitePlugin({ form: "ebpf-ts" } as never), /Unknown option form of the plugin ebpf/);
    assert.throws(() => esbuildPlugin({ from: "ebpf" } as never), TypeError);
  });
});
