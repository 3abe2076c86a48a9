/** Compiles `declarations/` against what the package declares: with the TypeScript of this project, with the oldest that will do, and one between. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../", import.meta.url));
const root = dirname(folder.replace(/\/$/, ""));

interface Compiler {
  readonly version: string;
  readonly tsc: string;
}

/** As the package.json in a folder has it. */
function compilerOf(from: string): Compiler {
  const manifest = createRequire(join(from, "package.json")).resolve("typescript/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  return { version, tsc: join(dirname(manifest), "bin", "tsc") };
}

const oldest = compilerOf(folder);
const compilers = [compilerOf(root), oldest, compilerOf(join(root, "typescript-5.6"))];
const ways = {
  "as Node resolves": ["-p", join(folder, "declarations")],
  "as a bundler resolves": ["-p", join(folder, "declarations"), "--module", "ESNext", "--moduleResolution", "Bundler"],
  "for a browser, without the types of Node": ["-p", join(folder, "declarations", "tsconfig.browser.json")],
};

function compile({ tsc }: Compiler, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...args], { encoding: "utf8" });
  return stdout + stderr;
}

describe("declarations", () => {
  for (const compiler of compilers) {
    for (const [way, args] of Object.entries(ways)) {
      it(`compile with TypeScript ${compiler.version}, ${way}`, () => assert.equal(compile(compiler, args), ""));
    }
  }

  it("are read by compilers of different ages", () => {
    const versions = compilers.map(({ version }) => version.split(".").slice(0, 2).join("."));
    assert.deepEqual(versions, ["7.0", "5.2", "5.6"]);
  });

  it("are of every subpath", () => {
    const { exports } = JSON.parse(readFileSync(join(root, "packages", "ebpf-ts", "package.json"), "utf8")) as {
      readonly exports: Readonly<Record<string, unknown>>;
    };
    const text = readFileSync(join(folder, "declarations", "every-subpath.ts"), "utf8");
    const tested = [...text.matchAll(/from "ebpf-ts(.*)";/g)].map(([, subpath]) => `.${subpath}`);
    assert.deepEqual(tested.sort(), Object.keys(exports).sort());
  });

  it("state the oldest TypeScript that reads them", () => {
    const version = oldest.version.split(".").slice(0, 2).join(".");
    const readme = readFileSync(join(root, "packages", "ebpf-ts", "README.md"), "utf8");
    assert.match(readme, new RegExp(`TypeScript ${version.replace(".", "\\.")} or later`));
  });
});
