/** Bundlers that watch: what an import was made from is known to them, also when it could not be made. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, it } from "node:test";
import { context, type Plugin as EsbuildPlugin } from "esbuild";
import { rollup } from "rollup";
import { ebpf as esbuildPlugin } from "../../src/esbuild.ts";
import { ebpf as rollupPlugin } from "../../src/vite.ts";
import { root, Scratch } from "../codegen/compilers.ts";
import { compilersOrSkip } from "../support/requirements.ts";

const source = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "headers/limit.h"

int limit = LIMIT;

SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(void *context)
{
  return limit;
}
`;

interface Outcome {
  readonly text: string;
  readonly errors: string;
}

interface Bundler extends AsyncDisposable {
  /** The next build with such errors, as the change brings it about: the file may be seen half-written before. */
  next(errors: RegExp, change?: () => void): Promise<string>;
}

const none = /^$/;

describe("an import that changes", { timeout: 240_000 }, () => {
  let scratch: Scratch;
  before(() => {
    scratch = new Scratch();
    mkdirSync(join(scratch.folder, "headers"));
    scratch.write("main.js", 'import probe from "./probe.bpf.o";\nexport default probe;\n');
    scratch.write("source.js", 'import probe from "./probe.bpf.c";\nexport default probe;\n');
    scratch.write("probe.bpf.c", source);
  });
  beforeEach(() => copyFileSync(join(root, "examples/workers/workers.bpf.o"), join(scratch.folder, "probe.bpf.o")));
  after(() => scratch.remove());

  /** A watching esbuild. */
  async function watching(entry: string): Promise<Bundler> {
    const builds: Outcome[] = [];
    let wake: () => void = () => {};
    const ends: EsbuildPlugin = {
      name: "ends",
      setup(build) {
        build.onEnd(({ outputFiles, errors }) => {
          builds.push({ text: outputFiles?.[0]?.text ?? "", errors: errors.map(({ text }) => text).join("\n") });
          wake();
        });
      },
    };
    const built = await context({
      absWorkingDir: scratch.folder,
      entryPoints: [entry],
      bundle: true,
      write: false,
      format: "esm",
      external: ["ebpf-ts"],
      platform: "node",
      logLevel: "silent",
      plugins: [esbuildPlugin(), ends],
    });
    await built.watch();
    return {
      async next(expected, change) {
        change?.();
        for (;;) {
          const { errors, text } = builds.shift() ?? { errors: "no build", text: "" };
          if (expected.test(errors)) return text;
          if (builds.length === 0) await new Promise<void>((resolve) => (wake = resolve));
        }
      },
      [Symbol.asyncDispose]: () => built.dispose(),
    };
  }

  it("is bundled again by esbuild: replaced, broken, gone, and there again", async () => {
    const object = join(scratch.folder, "probe.bpf.o");
    await using bundler = await watching("main.js");
    const first = await bundler.next(none);
    copyFileSync(join(root, "packages/ebpf-ts/test/fixtures/calls.bpf.o"), `${object}.new`);
    const second = await bundler.next(none, () => renameSync(`${object}.new`, object));
    assert.notEqual(second, first);
    await bundler.next(/Cannot import .*probe\.bpf\.o: The file is not an ELF file/, () =>
      writeFileSync(object, "no object"),
    );
    await bundler.next(/Could not resolve "\.\/probe\.bpf\.o"/, () => rmSync(object));
    const back = await bundler.next(none, () => copyFileSync(join(root, "examples/workers/workers.bpf.o"), object));
    assert.equal(back, first);
  });

  const noCompiler = compilersOrSkip("clang-19");

  it("is compiled again for a header, after an error that is in it too", { skip: noCompiler }, async () => {
    const header = join(scratch.folder, "headers/limit.h");
    writeFileSync(header, "int here\n#define LIMIT 5\n");
    await using bundler = await watching("source.js");
    await bundler.next(/limit\.h:1:9: error: expected ';'/);
    const first = await bundler.next(none, () => writeFileSync(header, "#define LIMIT 5\n"));
    await bundler.next(/probe\.bpf\.c:5:13: error: use of undeclared identifier 'none'/, () =>
      writeFileSync(header, "#define LIMIT none\n"),
    );
    const last = await bundler.next(none, () => writeFileSync(header, "#define LIMIT 6\n"));
    assert.notEqual(last, first);
  });

  it("tells Rollup its files, after an error too", { skip: noCompiler }, async () => {
    const header = join(scratch.folder, "headers/limit.h");
    const plugins = [rollupPlugin()];
    const bundle = async (): Promise<readonly string[]> => {
      const { watchFiles } = await rollup({ input: join(scratch.folder, "source.js"), plugins, external: ["ebpf-ts"] });
      return watchFiles;
    };
    writeFileSync(header, "#define LIMIT 5\n");
    assert.ok((await bundle()).includes(header));
    writeFileSync(header, "#define LIMIT none\n");
    await assert.rejects(bundle(), ({ watchFiles }: { watchFiles: readonly string[] }) => watchFiles.includes(header));
  });
});
