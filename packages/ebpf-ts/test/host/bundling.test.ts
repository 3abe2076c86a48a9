import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { workerEntries } from "../../src/bundling.ts";

const sources = fileURLToPath(new URL("../../src", import.meta.url));
const files = readdirSync(sources, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".js"))
  .map((file) => join(sources, file));

/** What threads are started with, where they are started: a literal, since bundlers look for no other. */
function scriptsIn(file: string): string[] {
  const literals = readFileSync(file, "utf8").matchAll(/\bscript: new URL\("([^"]+)", import\.meta\.url\)/g);
  return [...literals].map(([, path]) => join(dirname(file), path!));
}

describe("the files that a bundle must have beside it", () => {
  it("are there, by the names that they have", () => {
    for (const [name, path] of Object.entries(workerEntries)) {
      assert.equal(basename(path), `${name}.js`);
      assert.ok(existsSync(path), path);
    }
  });

  it("are all that threads are started with, each by a name of its own", () => {
    const starters = files.filter((file) => /\bstartThread[(<]/.test(readFileSync(file, "utf8")));
    const scripts = starters.flatMap(scriptsIn);
    assert.deepEqual(scripts.toSorted(), Object.values(workerEntries).toSorted());
    // host/threads/threads.js itself starts none.
    assert.equal(scripts.length, starters.length - 1);
  });

  it("are all programs of that kind", () => {
    const workers = files.filter((file) => /\/ebpf-[\w-]+-worker\.js$/.test(file));
    assert.deepEqual(workers.toSorted(), Object.values(workerEntries).toSorted());
  });
});
