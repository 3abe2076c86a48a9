import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, root } from "./ebpf.ts";
import { compilerOrSkip } from "./requirements.ts";

const compiler = "clang-19";

describe("ebpf: what the keys and values of a map are", { skip: compilerOrSkip(compiler) }, () => {
  let folder = "";
  let whole = "";
  let stripped = "";
  let filled = "";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebpf-ts-entries-"));
    whole = join(folder, "whole.bpf.o");
    stripped = join(folder, "stripped.bpf.o");
    filled = join(folder, "filled.bpf.o");
    const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
    const sources = join(root, "packages/ebpf-ts/test/fixtures/entry-types");
    const flags = ["-g", "-O2", "--target=bpfel", "-idirafter", `/usr/include/${machine}-linux-gnu`];
    execFileSync(compiler, [...flags, "-c", join(sources, "sized.c"), "-o", whole]);
    execFileSync(compiler, [...flags, "-c", join(sources, "struct-key.c"), "-o", filled]);
    execFileSync("llvm-strip-19", ["-g", "-o", stripped, whole]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is told with the reason, by inspect", async () => {
    const { stdout } = await ebpf(["inspect", whole]);
    assert.match(stdout, /^ *stats +hash +__u32 +struct stats +64$/m);
    assert.match(stdout, /^ *stats +keys +__u32 +what handle, instruction \d+ passes and 2 more$/m);
    assert.match(stdout, /^ *stats +values +struct stats +what handle, instruction \d+ takes and 1 more$/m);
  });

  it("is not known of a stripped object, and why", async () => {
    const { stdout } = await ebpf(["inspect", stripped]);
    assert.match(stdout, /^ *stats +hash +4 bytes +16 bytes +64$/m);
    assert.match(stdout, /^ *stats +keys +bytes +not known: .*; the object has no debug information/m);
  });

  it("is that of the module, with the reason", async () => {
    await ebpf(["gen", whole, "-o", join(folder, "whole.bpf.ts")]);
    const text = readFileSync(join(folder, "whole.bpf.ts"), "utf8");
    assert.match(text, /readonly stats: MapOf<number, Stats>;/);
    assert.match(text.replaceAll(/\s+\*\s+/g, " "), /`struct stats` \(what handle, instruction \d+ takes and 1 more\)/);
  });

  it("is shown so, by run", async () => {
    const { stdout } = await ebpf(["run", filled, "--engine", "embedded", "--json", "--", "cat", "/dev/null"]);
    const { source, entries } = JSON.parse(stdout.trim()) as { source: string; entries: { key: object }[] };
    assert.equal(source, "flows");
    assert.deepEqual(Object.keys(entries[0]!.key), ["from", "to", "port", "protocol"]);
  });
});
