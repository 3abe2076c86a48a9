import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { copyForNobody, ebpf, nobody, root, runNode } from "./ebpf.ts";
import { rootOrSkip } from "./requirements.ts";

const kills = join(root, "examples/inject/kills.bpf.o");
const calls = join(root, "examples/bundle/calls.bpf.o");

describe("ebpf gen", () => {
  let folder = "";
  const path = (name: string): string => join(folder, name);
  const read = (name: string): Promise<string> => readFile(path(name), "utf8");
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ebpf-gen-"));
    await copyFile(kills, path("kills.bpf.o"));
    await copyFile(calls, path("calls.bpf.o"));
  });
  after(() => rm(folder, { recursive: true }));

  it("writes a module beside each object, the same each time, and checks it", async () => {
    const objects = [path("kills.bpf.o"), path("calls.bpf.o")];
    assert.deepEqual(await ebpf(["gen", ...objects]), { code: 0, signal: null, stdout: "", stderr: "" });
    const first = await read("kills.bpf.ts");
    assert.match(first, /export interface KillsObject \{/);
    assert.match(first, /new URL\("\.\/kills\.bpf\.o", import\.meta\.url\)/);
    await ebpf(["gen", ...objects]);
    assert.equal(await read("kills.bpf.ts"), first);
    assert.equal((await ebpf(["gen", "--check", ...objects])).code, 0);
  });

  it("--check says what is stale, what is not there, and what to do", async () => {
    await copyFile(kills, path("a b.bpf.o"));
    await writeFile(path("calls.bpf.ts"), "old");
    const { code, stdout, stderr } = await ebpf(["gen", "--check", path("calls.bpf.o"), path("a b.bpf.o")]);
    assert.deepEqual([code, stdout], [1, ""]);
    assert.deepEqual(stderr.split("\n"), [
      `ebpf: ${path("calls.bpf.ts")} is out of date: run ebpf gen ${path("calls.bpf.o")}`,
      `ebpf: ${path("a b.bpf.ts")} is not there: run ebpf gen '${path("a b.bpf.o")}'`,
      "",
    ]);
    assert.equal(await read("calls.bpf.ts"), "old");
  });

  it("finds the object from wherever the module is, in a folder that it makes", async () => {
    await ebpf(["gen", path("kills.bpf.o"), "-o", path("src/types/kills.ts")]);
    assert.match(await read("src/types/kills.ts"), /new URL\("\.\.\/\.\.\/kills\.bpf\.o", import\.meta\.url\)/);
    const { stdout } = await runNode([join(root, "packages/cli/bin/ebpf.js"), "gen", "kills.bpf.o", "-o", "-"], {
      root: folder,
    });
    assert.match(stdout, /new URL\("\.\/kills\.bpf\.o", import\.meta\.url\)/);
  });

  it("--declaration is for the import of the object itself", async () => {
    await ebpf(["gen", path("kills.bpf.o"), "--declaration"]);
    assert.match(await read("kills.bpf.d.o.ts"), /declare const object: ObjectModule<KillsObject>;/);
    const { code, stderr } = await ebpf(["gen", path("kills"), "--declaration"]);
    assert.deepEqual([code, stderr.includes("is named .o")], [2, true]);
  });

  it("--watch writes again when an object is compiled anew, and tells what fails", async () => {
    const object = path("watched.bpf.o");
    await copyFile(kills, object);
    let step = 0;
    const { signal, stdout, stderr } = await ebpf(["gen", "--watch", object], {
      onOutput: (said, pid) => {
        const written = said.split("wrote ").length - 1;
        if (written === 1 && step === 0) {
          step = 1;
          void writeFile(object, "no object");
        } else if (written === 2) {
          process.kill(pid, "SIGINT");
        }
      },
      onErrors: (said) => {
        if (!said.includes("ELF") || step !== 1) return;
        step = 2;
        void copyFile(calls, object);
      },
    });
    assert.equal(signal, "SIGINT");
    assert.equal(stdout, `wrote ${path("watched.bpf.ts")}\n`.repeat(2));
    assert.match(stderr, /^ebpf: .*ELF/);
    assert.match(await read("watched.bpf.ts"), /readonly calls: RingOf/);
  });

  it("refuses what it cannot do, in a sentence", async () => {
    const object = path("kills.bpf.o");
    execFileSync("mkfifo", [path("pipe")]);
    const cases: [readonly string[], number, RegExp][] = [
      [[path("none.bpf.o")], 1, /^ebpf: Cannot read .*none\.bpf\.o: there is no such file$/],
      [[kills.replace(/o$/, "c")], 1, /^ebpf: Cannot read .*kills\.bpf\.c: it is C: compile it with ebpf build /],
      [
        [object, "-o", path("pipe/kills.ts")],
        1,
        /^ebpf: Cannot read .*: part of its path is not a folder \(ENOTDIR\)$/,
      ],
      [[object, "-o", path("pipe")], 1, /^ebpf: Cannot write .*pipe: it is no regular file, name a file, or - for/],
      [[object, "-o", path("pipe"), "--check"], 1, /^ebpf: Cannot write .*pipe: it is no regular file/],
      [[object, "-o", folder], 1, /^ebpf: Cannot read .*: it is a directory \(EISDIR\)$/],
      [[object, path("calls.bpf.o"), "-o", "-"], 2, /--output is for one object/],
      [[object, "-o", "-", "--check"], 2, /standard output/],
      [[object, "--check", "--watch"], 2, /cannot be used/],
      [[object, "--print-width", "3"], 2, /from 40 to 1000/],
      [[path("none/kills.bpf.o"), "--watch"], 1, /^ebpf: Cannot watch .*: there is no such folder$/],
      [[], 2, /Missing required argument/],
    ];
    for (const [args, code, message] of cases) {
      const outcome = await ebpf(["gen", ...args]);
      assert.match(outcome.stderr.trimEnd(), message);
      assert.deepEqual([outcome.code, outcome.stdout], [code, ""], args.join(" "));
    }
  });

  it("says that a folder is read-only", { skip: rootOrSkip("to become another user") }, async () => {
    const copy = await copyForNobody();
    try {
      const { code, stderr } = await ebpf(["gen", "examples/inject/kills.bpf.o"], { root: copy.root, uid: nobody });
      assert.deepEqual(
        [code, stderr],
        [1, "ebpf: Cannot write examples/inject/kills.bpf.ts: this user may not (EACCES)\n"],
      );
    } finally {
      await copy.remove();
    }
  });
});
