import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ebpf, root } from "./ebpf.ts";
import { compilerOrSkip } from "./requirements.ts";

const compiler = "clang-19";
const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
const flags = ["-g", "-O2", "--target=bpfel", "-idirafter", `/usr/include/${machine}-linux-gnu`];

describe("ebpf: what the records of a ring are", { skip: compilerOrSkip(compiler) }, () => {
  let folder = "";
  let whole = "";
  let stripped = "";
  let header = "";

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebpf-ts-types-"));
    whole = join(folder, "whole.bpf.o");
    stripped = join(folder, "stripped.bpf.o");
    header = join(folder, "events.h");
    const source = join(root, "packages/ebpf-ts/test/fixtures/record-types/reserve.c");
    execFileSync(compiler, [...flags, "-c", source, "-o", whole]);
    execFileSync("llvm-strip-19", ["-g", "-o", stripped, whole]);
    writeFileSync(header, "struct event { u64 when; u32 who; char what[16]; };\n");
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is told with the reason, by inspect", async () => {
    const { stdout } = await ebpf(["inspect", whole]);
    assert.match(stdout, /^ *events +struct event +32 +reserved by handle, instruction \d+$/m);
    assert.doesNotMatch(stdout, /--type/);
  });

  it("is not known of a stripped object: which option tells it is said", async () => {
    const { stdout } = await ebpf(["inspect", stripped]);
    assert.match(stdout, /^ *events +bytes +not known: .*; the object has no debug information/m);
    assert.match(stdout, /^Where a ring has bytes, --type ring=struct /m);
  });

  it("is what --type and --header say, in inspect and in run", async () => {
    const told = await ebpf(["inspect", stripped, "--type", "events=event", "--header", header]);
    assert.match(told.stdout, /^ *events +struct event +32 +named by the user$/m);
    const run = ["--engine", "embedded", "--json", "--no-maps", "-n", "1", "--", "cat", "/dev/null"];
    const named = await ebpf(["run", stripped, "--type", "events=event", "--header", header, ...run]);
    assert.deepEqual(Object.keys(JSON.parse(named.stdout).event), ["when", "who", "what"], named.stderr);
    const found = await ebpf(["run", whole, ...run]);
    assert.deepEqual(Object.keys(JSON.parse(found.stdout).event), ["time", "pid", "comm"], found.stderr);
    // The header has a struct of the name that was found.
    const overruled = await ebpf(["run", whole, "--header", header, ...run]);
    assert.deepEqual(Object.keys(JSON.parse(overruled.stdout).event), ["when", "who", "what"], overruled.stderr);
  });

  it("is said to be a guess where it is one, unless the user says it", async () => {
    const guessed = join(folder, "guessed.bpf.o");
    const source = join(root, "packages/ebpf-ts/test/fixtures/record-types/only-struct.c");
    execFileSync(compiler, [...flags, "-c", source, "-o", guessed]);
    const run = ["--engine", "embedded", "--json", "--", "true"];
    const { stderr } = await ebpf(["run", guessed, ...run]);
    assert.match(
      stderr,
      /^events is shown as struct event, guessed: .*, instruction \d+; if it is another, say so with --type events=struct$/m,
    );
    for (const args of [[guessed, "--type", "events=event"], [whole]]) {
      const sure = await ebpf(["run", ...args, ...run]);
      assert.doesNotMatch(sure.stderr, /guessed|is shown as/);
    }
  });

  it("is refused with near names, and with the compiler's words", async () => {
    const bad = join(folder, "bad.h");
    writeFileSync(bad, "struct event { missing_t when; };\n");
    execFileSync("mkfifo", [join(folder, "pipe.h")]);
    const refused: [args: string[], error: RegExp][] = [
      [[whole, "--type", "evnts=event"], /there is no such ring or perf event array; did you mean events\?$/],
      [[whole, "--type", "events=evnt"], /the object's BTF and DWARF have no such type; did you mean event\?$/],
      [[whole, "--type", "events=event", "--type", "events=int"], /Two types claim one ring: events=event was said/],
      [[whole, "--type", "events"], /It takes ring=struct\./],
      [[stripped, "--header", header], /which struct of .* is in which ring: say so with --type ring=struct$/],
      [[stripped, "--header", bad], /Cannot compile header .*bad\.h:1:\d+: error: unknown type name 'missing_t'$/],
      [[stripped, "--header", join(folder, "none.h")], /Cannot read header .*none\.h: there is no such file/],
      [[stripped, "--header", join(folder, "pipe.h")], /Cannot read header .*pipe\.h: it is no regular file$/],
      [[stripped, "--header", folder], /Cannot read header .*: it is no regular file$/],
    ];
    for (const [args, error] of refused) {
      const { code, stderr } = await ebpf(["inspect", ...args]);
      assert.notEqual(code, 0, args.join(" "));
      assert.match(stderr.trimEnd(), error);
      assert.doesNotMatch(stderr, /\n\s+at /);
    }
  });

  it("needs a compiler for a header, and says so", async () => {
    const { code, stderr } = await ebpf(["inspect", stripped, "--header", header, "--type", "events=event"], {
      env: { PATH: folder, CLANG: "" },
    });
    assert.notEqual(code, 0);
    assert.match(stderr, /clang/);
    assert.doesNotMatch(stderr, /\n\s+at /);
  });
});
