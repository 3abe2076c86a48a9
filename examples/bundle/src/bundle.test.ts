import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { haveEngine } from "ebpf-ts";
import { workerEntries } from "ebpf-ts/bundling";

const run = promisify(execFile);
const example = fileURLToPath(new URL("..", import.meta.url));
const modules = join(example, "../../node_modules");
const koffi = dirname(createRequire(import.meta.resolve("ebpf-ts")).resolve("koffi"));

const bundlers = { esbuild: ["esbuild.config.js"], rollup: ["node_modules/rollup/dist/bin/rollup", "-c"] } as const;
type Bundler = keyof typeof bundlers;

/** A folder outside of the repository with this folder's program, bundled; of what was installed only koffi is left. */
async function bundled(bundler: Bundler, program?: string): Promise<string> {
  const folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-bundle-"));
  for (const name of ["package.json", "calls.bpf.o", "esbuild.config.js", "rollup.config.js", "src", "build"])
    cpSync(join(example, name), join(folder, name), { recursive: true });
  if (program !== undefined)
    for (const main of ["src/main.ts", "build/main.js"]) writeFileSync(join(folder, main), program);
  mkdirSync(join(folder, "node_modules"));
  for (const name of ["ebpf-ts", bundler]) symlinkSync(join(modules, name), join(folder, "node_modules", name));
  await run(process.execPath, bundlers[bundler], { cwd: folder });
  for (const name of ["node_modules", "src", "build"]) rmSync(join(folder, name), { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(koffi, join(folder, "node_modules/koffi"));
  return folder;
}

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
}

async function start(folder: string, ...args: readonly string[]): Promise<Outcome> {
  const running = run(process.execPath, [join(folder, "dist/main.js"), ...args], { cwd: "/", timeout: 60_000 });
  // An error has what was said as its properties.
  const { stdout, stderr } = await running.catch((error: Outcome) => error);
  return { stdout, stderr };
}

const { usable, reason } = await haveEngine("kernel");
const skip = process.platform === "linux" ? false : `it takes Linux, this is ${process.platform}`;
const skipKernel = usable ? false : (reason ?? "the kernel engine cannot be used");
if (skipKernel !== false && process.env["EBPF_TS_NO_SKIP"] === "1")
  throw new Error(`EBPF_TS_NO_SKIP is set, and ${skipKernel}`);

const said = `${"sh calls kill(2) for itself\n".repeat(3)}3 events, handled on 2 threads\n`;

/** A loop sleeps in its thread; that thread must not fail. */
const sharedRing = `
  import { SharedRing } from "ebpf-ts/shared-ring";
  process.once("worker", (thread) => thread.once("error", (error) => { throw error; }));
  const ring = SharedRing.create({ size: 4096 });
  const producer = ring.producer();
  const events = ring.consumer().events();
  const first = events.next();
  setTimeout(() => producer.send(new Uint8Array([7])), 100);
  console.log((await first).value[0]);
  process.exit();
`;

for (const bundler of Object.keys(bundlers) as Bundler[]) {
  describe(`a bundle made with ${bundler}`, { skip, timeout: 240_000 }, () => {
    let folder = "";
    before(async () => {
      folder = await bundled(bundler);
    });
    after(() => rmSync(folder, { recursive: true }));

    it("traces a command, and hands its events to worker threads", async () => {
      assert.deepEqual(await start(folder), { stdout: said, stderr: "" });
    });

    it("does the same with the kernel, whose rings a thread sleeps for", { skip: skipKernel }, async () => {
      assert.deepEqual(await start(folder, "--engine", "kernel"), { stdout: said, stderr: "" });
    });

    it("loops over a ring between processes", async () => {
      const other = await bundled(bundler, sharedRing);
      try {
        assert.deepEqual(await start(other), { stdout: "7\n", stderr: "" });
      } finally {
        rmSync(other, { recursive: true });
      }
    });

    it("says which file it lacks", { skip: skipKernel }, async () => {
      for (const name of Object.keys(workerEntries)) rmSync(join(folder, `dist/${name}.js`));
      const traced = await start(folder);
      assert.match(
        traced.stderr,
        /^Cannot start a command: there is no \/.*\/dist\/ebpf-tracer-worker\.js, which a bundle/,
      );
      const looped = await start(folder, "--engine", "kernel");
      assert.match(looped.stderr, /Cannot start a worker .*\/dist\/ebpf-dispatch-worker\.js, which a bundle/);
    });
  });
}

describe("docs/bundling.md", () => {
  const page = readFileSync(join(example, "../../docs/bundling.md"), "utf8");
  for (const name of ["esbuild.config.js", "rollup.config.js"]) {
    it(`shows ${name} as it is`, () => {
      assert.ok(page.includes(`\`\`\`js\n// ${name}\n${readFileSync(join(example, name), "utf8")}\`\`\`\n`));
    });
  }
});
