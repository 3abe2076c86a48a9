/** The code of the READMEs: all of it compiles against what the package declares, and the first of each runs. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../", import.meta.url));
const root = dirname(folder.replace(/\/$/, ""));
const scratch = join(folder, "build", "readme");

const config = {
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "ESNext.Disposable"],
    module: "NodeNext",
    types: ["node"],
    strict: true,
    outDir: "out",
    rootDir: ".",
  },
};

function codeOf(readme: string): string[] {
  const text = readFileSync(join(root, readme), "utf8");
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
}

/** The same with root as without: attached to nothing but the command. */
function unprivileged(code: string): string {
  return code.replace(/load\("(.*?)"\)/, 'load("$1", { engine: "embedded" })');
}

/** Gives the scripts, compiled. */
function compile(name: string, codes: readonly string[]): string[] {
  const into = join(scratch, name);
  mkdirSync(into, { recursive: true });
  writeFileSync(join(into, "package.json"), JSON.stringify({ type: "module" }));
  writeFileSync(join(into, "tsconfig.json"), JSON.stringify(config));
  for (const [index, code] of codes.entries())
    writeFileSync(join(into, `${index}.ts`), `${unprivileged(code)}export {};\n`);
  const { stdout } = spawnSync(join(root, "node_modules", ".bin", "tsc"), ["-p", into], { encoding: "utf8" });
  assert.equal(stdout, "");
  return codes.map((_, index) => join(into, "out", `${index}.js`));
}

describe("READMEs", () => {
  after(() => rmSync(scratch, { recursive: true, force: true }));

  for (const [name, readme] of [
    ["project", "README.md"],
    ["library", "packages/ebpf-ts/README.md"],
  ] as const) {
    it(`the code of ${readme}`, () => {
      const [first] = compile(name, codeOf(readme));
      const cwd = join(root, "examples", "user-ringbuf");
      const { stdout, stderr, status } = spawnSync(process.execPath, [first!], { cwd, encoding: "utf8" });
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, /^\d+ sh$/m);
    });
  }
});
