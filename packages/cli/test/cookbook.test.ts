/** The recipes of docs/cookbook.md as printed: each C compiles with `ebpf build`, each TypeScript with tsc, and prints what the page says. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, root, runFile, runNode } from "./ebpf.ts";
import { compilerOrSkip, kernelOrSkip } from "./requirements.ts";

const page = readFileSync(join(root, "docs/cookbook.md"), "utf8");
const named = [...page.matchAll(/^```(c|ts) (\S+)\n([^]*?)^```$(?:\n\n```text\n([^]*?)^```$)?/gm)].map(
  ([, language, file, text, output]) => ({ language: language!, file: file!, text: text!, output }),
);
const programs = named.filter(({ language }) => language === "c");
/** As printed, which is the kernel engine for root; and the same on the embedded engine. */
const printed = named.filter(({ language }) => language === "ts");
const forKernel = (text: string): boolean => text.includes('engine: "kernel"');
const embedded = (text: string): string =>
  text.replace(
    /load\("([^"]+)"(, \{)?/,
    (_, object, more) => `load("${object}", { engine: "embedded"${more ? "," : " }"}`,
  );
const scripts = [
  ...printed,
  ...printed
    .filter(({ text }) => !text.includes("engine: "))
    .map((script) => ({ ...script, file: `embedded-${script.file}`, text: embedded(script.text) })),
];

describe("the cookbook", { skip: compilerOrSkip() }, () => {
  let folder: string;
  before(async () => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-cookbook-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    for (const { file, text } of [...programs, ...scripts]) writeFileSync(join(folder, file), text);
    for (const { file } of programs) {
      const { code, stderr } = await ebpf(["build", join(folder, file)], {
        env: { XDG_CACHE_HOME: join(folder, "cache") },
      });
      assert.equal(code, 0, stderr);
      assert.doesNotMatch(stderr, /warning/);
    }
    const [, flags] = /^npx tsc (.*) execs\.ts$/m.exec(page)!;
    assert.match(flags!, /--strict /);
    const files = scripts.map(({ file }) => file);
    const compiled = await runFile(join(root, "node_modules/.bin/tsc"), [...flags!.split(" "), ...files], {
      root: folder,
    });
    assert.equal(compiled.code, 0, compiled.stdout);
  });
  after(() => rmSync(folder, { recursive: true }));

  it("has recipes", () => {
    assert.ok(programs.length >= 4);
    assert.ok(printed.length >= 6);
    assert.ok(scripts.length > printed.length);
  });

  for (const { file, text, output } of scripts) {
    it(`${file} prints what the page says`, { skip: forKernel(text) && kernelOrSkip() }, async () => {
      const { code, stdout, stderr } = await runNode([file.replace(/\.ts$/, ".js")], { root: folder });
      assert.equal(code, 0, stdout + stderr);
      assert.equal(stderr, "");
      for (const line of output?.split("\n").filter((each) => each !== "") ?? []) {
        const any = new RegExp(`^${line.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/\d+/g, "\\d+")}$`, "m");
        assert.match(stdout, any);
      }
    });
  }
});
