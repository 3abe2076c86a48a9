import assert from "node:assert/strict";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, type Outcome, root, runNode } from "./ebpf.ts";
import { installPublished, type Installed } from "./published.ts";
import { kernelOrSkip } from "./requirements.ts";
import { object } from "./support.ts";

const send = ["--send", 'user_ringbuf={"i":1,"comm":"hello"}'];
const program = `
  import { load } from "ebpf-ts";
  const [object, engine] = process.argv.slice(2);
  const bpf = await load(object, { engine, scope: "command" });
  await bpf.attach();
  bpf.userRingBuf("user_ringbuf").send({ i: 1, comm: "hello" });
  const { exited } = await bpf.spawn("sh", ["-c", "kill -0 $$"], { stdin: "ignore", stdout: "ignore" });
  for await (const { comm } of bpf.ringBuf("kernel_ringbuf").events({ until: exited })) console.log(bpf.engine, comm);
  await bpf.close();
`;

describe("the packages as npm gets them", { timeout: 240_000 }, () => {
  let installed: Installed;
  before(() => {
    installed = installPublished();
  });
  after(() => installed.remove());

  const inside = (...parts: readonly string[]): string => join(installed.folder, "node_modules", ...parts);

  async function run(name: string, text: string, ...args: readonly string[]): Promise<Outcome> {
    writeFileSync(join(installed.folder, name), text);
    return runNode([name, ...args], { root: installed.folder });
  }

  for (const engine of ["embedded", "kernel"]) {
    it(`load, attach and read (${engine})`, { skip: engine === "kernel" ? kernelOrSkip() : false }, async () => {
      const { code, stdout, stderr } = await run("main.mjs", program, join(root, object), engine);
      assert.deepEqual([code, stdout], [0, `${engine} sh\n`], stderr);
    });

    it(`ebpf run (${engine})`, { skip: engine === "kernel" ? kernelOrSkip() : false }, async () => {
      const args = ["run", join(root, object), "--engine", engine, ...send, "--", "sh", "-c", "kill -0 $$"];
      const { code, stdout, stderr } = await runNode([inside("ebpf-ts-cli/bin/ebpf.js"), ...args]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /^PID\s+COMM\n\d+\s+sh\n$/);
    });
  }

  it("ebpf inspect and ebpf --help say what they say in the repository", async () => {
    for (const args of [["inspect", object], ["inspect", object, "--json"], ["--help"], ["run", "--help"]]) {
      const published = await runNode([inside("ebpf-ts-cli/bin/ebpf.js"), ...args]);
      assert.deepEqual(published, await ebpf(args));
      assert.equal(published.code, 0, published.stderr);
    }
  });

  it("every subpath has what it has in the repository, and its declarations", async () => {
    const { exports } = JSON.parse(readFileSync(inside("ebpf-ts/package.json"), "utf8")) as {
      readonly exports: Readonly<Record<string, { readonly types: string }>>;
    };
    const subpaths = Object.keys(exports).map((subpath) => subpath.replace(/^\./, "ebpf-ts"));
    const list = `for (const name of ${JSON.stringify(subpaths)}) console.log(name, Object.keys(await import(name)).sort().join(" "));`;
    const published = await run("names.mjs", list);
    const developed = await runNode(["--input-type=module", "-e", list]);
    assert.deepEqual(published, developed);
    assert.equal(published.code, 0, published.stderr);
    for (const { types } of Object.values(exports)) assert.ok(existsSync(inside("ebpf-ts", types)), types);
  });

  it("subpaths have their classes in common", async () => {
    const { stdout, stderr } = await run(
      "common.mjs",
      `import { EbpfError } from "ebpf-ts";
       import { parse } from "ebpf-ts/spec";
       import { EbpfError as Other } from "ebpf-ts/embedded";
       try { parse(new Uint8Array(9)); } catch (error) { console.log(error instanceof EbpfError, EbpfError === Other); }`,
    );
    assert.equal(stdout, "true true\n", stderr);
  });

  const hooks = `
    import { writeSync } from "node:fs";
    export function load(url, context, next) {
      if (url.includes("/node_modules/ebpf-ts/")) writeSync(1, "reads " + url.split("/").at(-1) + "\\n");
      return next(url, context);
    }`;

  /** Says what is done on the way: modules that are read, threads that start, openings of /dev/null. Older Node has a thread for the hooks. */
  const watch = `
    import fs from "node:fs";
    import module, { createRequire, syncBuiltinESMExports } from "node:module";
    import * as hooks from "./hooks.mjs";
    let own = 0;
    if (module.registerHooks) module.registerHooks(hooks);
    else {
      module.register("./hooks.mjs", import.meta.url);
      own = 1;
    }
    const { openSync, writeSync } = fs;
    fs.openSync = (path, ...others) => {
      if (path === "/dev/null") writeSync(1, "opens nothing\\n");
      return openSync(path, ...others);
    };
    syncBuiltinESMExports();
    process.on("worker", () => {
      if ((own -= 1) < 0) writeSync(1, "starts a thread\\n");
    });
    const { cache } = createRequire(import.meta.url);
    globalThis.koffi = () => Object.keys(cache).some((path) => path.includes("koffi"));`;

  async function watched(text: string, ...args: readonly string[]): Promise<string[]> {
    writeFileSync(join(installed.folder, "hooks.mjs"), hooks);
    writeFileSync(join(installed.folder, "watch.mjs"), watch);
    writeFileSync(join(installed.folder, "watched.mjs"), text);
    const node = ["--import", "./watch.mjs", "watched.mjs", ...args];
    const { code, stdout, stderr } = await runNode(node, { root: installed.folder });
    assert.equal(code, 0, stderr);
    return stdout.trim().split("\n");
  }

  it("an import reads five files, and neither an engine nor koffi", async () => {
    const done = await watched(`import "ebpf-ts"; console.log(koffi());`);
    assert.equal(done.pop(), "false");
    assert.ok(done.includes("reads index.js") && done.length <= 5, done.join("\n"));
    assert.doesNotMatch(done.join("\n"), /engine|nothing|thread/);
  });

  it(
    "a load, and what it attaches, take seven files more, no thread, and no descriptor to see how many are left",
    {
      skip: kernelOrSkip(),
    },
    async () => {
      const text = `import { load } from "ebpf-ts";
      const bpf = await load(process.argv[2], { engine: "kernel" });
      await bpf.attach();
      console.log(koffi());
      await bpf.close();`;
      const done = await watched(text, join(root, "bench/start.bpf.o"));
      assert.equal(done.pop(), "true");
      assert.ok(done.length <= 12, done.join("\n"));
      assert.doesNotMatch(done.join("\n"), /node-host|tracer|nothing|thread/);
    },
  );

  it("the embedded engine reads no module of Node's", () => {
    const reached = new Set(["./embedded.js"]);
    for (const path of reached) {
      const code = readFileSync(inside("ebpf-ts/dist", path), "utf8");
      // What could be no name of a module stands between two texts, of which the first ends with such a word.
      for (const [, , name] of code.matchAll(/\b(from|import|import\()"([\w./@:-]+)"/g)) reached.add(name!);
    }
    assert.ok(reached.size > 3);
    assert.deepEqual(
      [...reached].filter((name) => !name.startsWith("./")),
      [],
    );
  });

  it("stack traces name the sources, which are published", async () => {
    writeFileSync(
      join(installed.folder, "fails.mjs"),
      `import { parse } from "ebpf-ts/spec"; parse(new Uint8Array(9));`,
    );
    const { stderr } = await runNode(["--enable-source-maps", "fails.mjs"], { root: installed.folder });
    const source = /\((\/\S*\/ebpf-ts\/src\/\S+\.ts):\d+:\d+\)/.exec(stderr)?.[1];
    assert.ok(source !== undefined && existsSync(source), stderr);
  });

  it("an error that nobody catches is not lost in the line that threw it, which Node prints", async () => {
    const { stderr } = await run("uncaught.mjs", `import { load } from "ebpf-ts"; await load("none.bpf.o");`);
    assert.match(stderr, /EbpfError: Cannot read none\.bpf\.o: /);
    const longest = Math.max(...stderr.split("\n").map((line) => line.length));
    assert.ok(longest < 1000, `a line of ${longest} characters`);
  });

  it("are bundled again, with the files of their threads", async () => {
    const folder = join(installed.folder, "again");
    const example = join(root, "examples/bundle");
    mkdirSync(folder);
    for (const name of ["package.json", "calls.bpf.o", "esbuild.config.js", "src"])
      cpSync(join(example, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, "node_modules/esbuild"), join(installed.folder, "node_modules/esbuild"));
    symlinkSync(join(root, "node_modules/koffi"), join(installed.folder, "node_modules/koffi"));
    const bundled = await runNode(["esbuild.config.js"], { root: folder });
    assert.equal(bundled.code, 0, bundled.stderr);
    assert.equal(readdirSync(join(folder, "dist")).filter((name) => /^ebpf-\w+-worker\.js$/.test(name)).length, 4);
    const { stdout, stderr } = await runNode(["dist/main.js"], { root: folder });
    assert.match(stdout, /^3 events, handled on 2 threads$/m, stderr);
  });
});
