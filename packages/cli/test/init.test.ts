import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, root, runFile } from "./ebpf.ts";
import { compilerOrSkip } from "./requirements.ts";
import { sentence } from "./support.ts";

describe("ebpf init", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-init-"));
  });
  after(() => rmSync(folder, { recursive: true }));

  it("writes a project whose scripts work at once", { skip: compilerOrSkip() }, async () => {
    const project = join(folder, "Opens of mine");
    const made = await ebpf(["init", project]);
    assert.equal(made.code, 0, made.stderr);
    assert.match(made.stderr, /opens\.bpf\.c[^]*cd '.*\/Opens of mine' && npm install && npm start/);
    const manifest = JSON.parse(readFileSync(join(project, "package.json"), "utf8")) as {
      readonly name: string;
      readonly dependencies: Readonly<Record<string, string>>;
    };
    assert.equal(manifest.name, "opens-of-mine");
    const own = JSON.parse(readFileSync(join(root, "packages/cli/package.json"), "utf8")) as {
      readonly version: string;
    };
    assert.deepEqual(manifest.dependencies, { "ebpf-ts": own.version });

    // What `npm install` would bring is the checkout's.
    symlinkSync(join(root, "node_modules"), join(project, "node_modules"));
    const env = { XDG_CACHE_HOME: join(folder, "cache"), npm_config_update_notifier: "false" };
    const started = await runFile("npm", ["start", "--silent"], { root: project, env });
    assert.equal(started.code, 0, started.stderr);
    assert.match(started.stdout, /^cat \d+ opens \/etc\/hostname$/m);
    const tested = await runFile("npm", ["test", "--silent"], { root: project, env });
    assert.equal(tested.code, 0, tested.stdout + tested.stderr);
    assert.match(tested.stdout, /pass 1\b/);
  });

  it("writes nothing where one of its files is", async () => {
    const taken = join(folder, "taken");
    mkdirSync(taken);
    writeFileSync(join(taken, "tsconfig.json"), "{}");
    const { code, stderr } = await ebpf(["init", taken]);
    assert.equal(code, 1);
    assert.match(stderr, sentence);
    assert.match(stderr, /there is tsconfig\.json already, name a new folder/);
    assert.deepEqual(readdirSync(taken), ["tsconfig.json"]);
  });

  it("says when it cannot write", async () => {
    writeFileSync(join(folder, "file"), "");
    const { code, stderr } = await ebpf(["init", join(folder, "file", "project")]);
    assert.equal(code, 1);
    assert.match(stderr, sentence);
    const inFile = await ebpf(["init", join(folder, "file")]);
    assert.equal(inFile.code, 1);
    assert.match(inFile.stderr, /package\.json cannot be written \((ENOTDIR|EEXIST)\)/);
    // A folder that is there, and refuses with ENOENT.
    const refused = await ebpf(["init", "/proc/ebpf-project"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /Cannot begin a project in \/proc\/ebpf-project: .* cannot be written \(ENOENT\)/);
    assert.equal((await ebpf(["init", "a", "b"])).code, 2);
  });
});
