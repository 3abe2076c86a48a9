/**
 * docs/getting-started.md from its second step on, as printed: what it installs is the checkout's. `npm run test:getting-started` follows all
 * of it, in a root of its own.
 */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { kernelOrSkip, mountTracefs, compilerOrSkip } from "./requirements.ts";
import { type Outcome, root, runFile } from "./ebpf.ts";

const page = readFileSync(join(root, "docs/getting-started.md"), "utf8");
const steps = [...page.matchAll(/^```(\w+)(?: (\S+))?\n([^]*?)^```$/gm)].map(([, language, file, text]) => ({
  language: language!,
  file,
  text: text!,
}));
/** What brings packages, and the folder that they are in. */
const installing = /^(sudo (apt-get|npm)|npm|mkdir|hash) /;

describe("docs/getting-started.md", { skip: compilerOrSkip() }, () => {
  let folder: string;
  let unmountTracefs = (): void => {};
  before(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-getting-started-"));
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
    writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
    if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
  });
  after(() => {
    unmountTracefs();
    rmSync(folder, { recursive: true });
  });

  const run = (line: string): Promise<Outcome> => {
    const [command = "", ...args] = line.replace(/^(npx|sudo) /, "").split(" ");
    const file = command === "node" ? process.execPath : join(folder, "node_modules/.bin", command);
    return runFile(file, args, { root: folder, env: { XDG_CACHE_HOME: join(folder, "cache") } });
  };

  it("ends with the reader's own event", async () => {
    let printed = "";
    let ran = 0;
    for (const { language, file, text } of steps) {
      if (file !== undefined) writeFileSync(join(folder, file), text);
      else if (language === "text")
        for (const line of text.trim().split("\n")) assert.ok(printed.includes(`${line}\n`));
      else {
        assert.equal(language, "sh");
        for (const line of text
          .trim()
          .split("\n")
          .filter((each) => !installing.test(each))) {
          const { code, stdout, stderr } = await run(line);
          assert.equal(code, 0, `${line}: ${stdout}${stderr}`);
          printed = stdout;
          ran += 1;
        }
      }
    }
    assert.equal(ran, 6);
    assert.doesNotMatch(printed, /^(?!cat opens )(?=.* opens )/m);
  });

  it("prints the same on the embedded engine", async () => {
    const main = join(folder, "main.js");
    writeFileSync(main, readFileSync(main, "utf8").replace("load({", 'load({ engine: "embedded",'));
    const { code, stdout, stderr } = await run("node main.js");
    assert.deepEqual([code, stderr], [0, ""]);
    assert.match(stdout, /^cat opens \/etc\/hostname$/m);
    assert.doesNotMatch(stdout, /^(?!cat opens )(?=.* opens )/m);
  });
});
