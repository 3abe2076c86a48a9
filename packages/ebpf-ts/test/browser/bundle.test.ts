import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundle } from "./bundle.ts";

const root = fileURLToPath(new URL("../../../../../", import.meta.url));

const compilerOptions = {
  target: "ES2022",
  lib: ["ES2023", "DOM", "ESNext.Disposable"],
  module: "ESNext",
  moduleResolution: "bundler",
  types: [],
  strict: true,
  noEmit: true,
  paths: { "ebpf-ts/embedded": [join(root, "packages/ebpf-ts/build/src/embedded.d.ts")] },
};

describe("ebpf-ts/embedded", () => {
  it("is bundled for a browser, where there are no modules of Node's", async (context) => {
    const text = await bundle("page.js");
    assert.doesNotMatch(text, /from\s*"node:|import\("node:|require\("node:/);
    context.diagnostic(`${Math.round(text.length / 1024)} KiB with the page, not minified`);
  });

  it("is what docs/embedded.md says, without the types of Node", async () => {
    const folder = await mkdtemp(join(tmpdir(), "ebpf-types-"));
    try {
      const text = await readFile(join(root, "docs/embedded.md"), "utf8");
      const programs = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code!);
      assert.equal(programs.length, 2);
      const files = programs.map((_, index) => `${index}.ts`);
      for (const [index, file] of files.entries()) await writeFile(join(folder, file), programs[index]!);
      await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files }));
      await promisify(execFile)(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", folder]).catch(
        (error: { stdout: string }) => assert.fail(error.stdout),
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
