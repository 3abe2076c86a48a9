/** What a bpf file system delegates to a user namespace: its root loads, who is nobody outside. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { load, type LoadOptions } from "../../src/load.ts";
import { userOrSkip } from "../support/as-user.ts";
import { fixturePath } from "../support/fixtures.ts";
import { NativeFolder, nativeOrSkip } from "../support/native.ts";
import { linuxOrSkip } from "../support/requirements.ts";

const child = fileURLToPath(new URL("./token-child.js", import.meta.url));
const all = "delegate_cmds=any,delegate_maps=any,delegate_progs=any,delegate_attachs=any";

/** The program, compiled before: guests have no compiler. */
const compiled = process.env["EBPF_TS_DELEGATE"];
const skip = (compiled === undefined ? nativeOrSkip() : false) || userOrSkip() || linuxOrSkip("6.9");

describe("BPF tokens", { skip, timeout: 1_200_000 }, () => {
  let native: NativeFolder;
  let delegate: string;
  let folder: string;
  before(() => {
    native = new NativeFolder();
    delegate = compiled ?? native.compile("delegate.c", "delegate");
    folder = mkdtempSync(join(tmpdir(), "ebpf-ts-token-"));
  });
  after(() => {
    native.remove();
    rmdirSync(folder);
  });

  /** `where`: the folder in the namespace, which is gone with it. */
  async function outcomes(
    delegated: string,
    options: LoadOptions,
    { where = folder, env = {} }: { where?: string; env?: NodeJS.ProcessEnv } = {},
  ): Promise<Record<string, string>> {
    const words = [where, delegated, process.execPath, child, JSON.stringify(options)];
    const { stdout } = await promisify(execFile)(delegate, words, {
      timeout: 280_000,
      env: { ...process.env, ...env },
    });
    const lines = stdout.trimEnd().split("\n");
    return Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
    );
  }
  const loaded = { traced: "ok kernel 1", maps: "ok kernel 2", XDP: "ok 1", "left open": "ok 0" };

  it("load programs, maps and types, and what is loaded is attached", async () => {
    assert.deepEqual(await outcomes(all, { token: folder, engine: "kernel" }), loaded);
  });

  it("are found where libbpf finds them: by the environment, else in /sys/fs/bpf; an empty path is none", async () => {
    assert.deepEqual(await outcomes(all, {}, { env: { LIBBPF_BPF_TOKEN_PATH: folder } }), loaded);
    assert.deepEqual(await outcomes(all, {}, { where: "/sys/fs/bpf" }), loaded);
    const without = await outcomes(all, { token: "", only: "array_lookup" }, { where: "/sys/fs/bpf" });
    assert.equal(without["maps"], "ok embedded 2");
    const refused = await outcomes(all, { token: "", engine: "kernel" }, { where: "/sys/fs/bpf" });
    assert.match(refused["traced"]!, /^NO_PRIVILEGE .*capabilities of a user namespace do not count/);
  });

  it("delegate no more than is said, and nothing is left of what was loaded before", async () => {
    const some = all.replace("delegate_progs=any", "delegate_progs=0x4000000");
    const found = await outcomes(some, { token: folder, engine: "kernel" });
    assert.match(
      found["traced"]!,
      /^NO_PRIVILEGE Cannot load program raw: .*it takes a BPF token .* that delegates it/,
    );
    assert.equal(found["left open"], "ok 0");
    const nothing = await outcomes("-", { token: folder, engine: "kernel" });
    assert.match(nothing["traced"]!, /^NOT_FOUND Cannot use the BPF token of \S+: that file system delegates nothing/);
    assert.equal(nothing["left open"], "ok 0");
  });

  it("are refused where there are none", async () => {
    const open = (token: string): Promise<unknown> =>
      load(fixturePath("maps.bpf.o"), { token, engine: "kernel", only: "array_lookup" });
    await assert.rejects(open("/sys/fs/bpf"), { code: "NOT_SUPPORTED", message: /in no user namespace/ });
    await assert.rejects(open("/proc"), { code: "NOT_FOUND", message: /it is not a bpf file system/ });
    await assert.rejects(open(`${folder}/none`), { code: "NOT_FOUND", message: /there is no such folder/ });
    await assert.rejects(load(fixturePath("maps.bpf.o"), { token: 1 as never }), TypeError);
    process.env["LIBBPF_BPF_TOKEN_PATH"] = "/proc";
    try {
      await assert.rejects(
        load(fixturePath("maps.bpf.o"), { engine: "kernel" }),
        /of \/proc, which LIBBPF_BPF_TOKEN_PATH names: /,
      );
    } finally {
      delete process.env["LIBBPF_BPF_TOKEN_PATH"];
    }
  });
});
