/** `ebpf btf dump`: a header that clang compiles, lines, and the JSON of bpftool. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { EbpfError } from "ebpf-ts";
import { type Btf, parseBtf, printC } from "ebpf-ts/btf";
import { objectSection } from "ebpf-ts/object";
import { parse } from "ebpf-ts/spec";
import { btfJson } from "../src/kernel/btf-json.ts";
import { ebpf, root } from "./ebpf.ts";
import { compilerOrSkip, toolOrSkip } from "./requirements.ts";

const fixtures = "packages/ebpf-ts/test/fixtures";

/** As the command reads them; undefined where an object has none, or is one of those that are to be refused. */
function typesOf(path: string): Btf | undefined {
  try {
    return parse(readFileSync(path)).btf;
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    return undefined;
  }
}

describe("ebpf btf dump", { skip: compilerOrSkip("clang-19") }, () => {
  for (const source of ["kernel", `${fixtures}/links.bpf.o`, `${fixtures}/codec.bpf.o`]) {
    it(`of ${source} is a header that clang compiles`, async () => {
      const { code, stdout, stderr } = await ebpf(["btf", "dump", source]);
      assert.equal(code, 0, stderr);
      const folder = mkdtempSync(join(tmpdir(), "ebpf-header-"));
      const file = join(folder, "types.c");
      writeFileSync(file, stdout);
      execFileSync("clang-19", ["-target", "bpf", "-Werror", "-c", file, "-o", "/dev/null"]);
    });
  }

  it("of every fixture is one", () => {
    const folder = mkdtempSync(join(tmpdir(), "ebpf-headers-"));
    const names = readdirSync(join(root, fixtures), { recursive: true, encoding: "utf8" });
    const sources = names
      .filter((name) => name.endsWith(".bpf.o"))
      .flatMap((name) => {
        const types = typesOf(join(root, fixtures, name));
        if (types === undefined) return [];
        const source = `${name.replaceAll("/", "-")}.c`;
        writeFileSync(join(folder, source), printC(types));
        return [source];
      });
    assert.ok(sources.length > 50);
    execFileSync("clang-19", ["-target", "bpf", "-Werror", "-fsyntax-only", ...sources], { cwd: folder });
  });

  it("one type a line", async () => {
    const raw = await ebpf(["btf", "dump", `${fixtures}/links.bpf.o`, "--format", "raw"]);
    const both = await ebpf(["btf", "dump", `${fixtures}/links.bpf.o`, "--format", "c", "--json"]);
    assert.deepEqual([both.code, both.stdout], [2, ""]);
    assert.match(both.stderr, /'-f, --format <format>' cannot be used with option '-j, --json'/);
    assert.match(raw.stdout, /^\[1\] PTR type=3\n\[2\] INT 'int' size=4 encoding=signed/);
  });
});

describe("ebpf btf dump --json", { skip: toolOrSkip("bpftool") }, () => {
  /** Types as they are written, one each. bpftool 7.1 extends the sign of values of 32 bits that have none. */
  const types = (text: string): string[] =>
    text.split(/,(?=\{"id":)/).map((type) => {
      if (!type.includes('"kind":"ENUM",')) return type;
      return type.replaceAll(/(?<="val":)\d{20}/g, (digits) => String(BigInt.asUintN(32, BigInt(digits))));
    });
  const byBpftool = (path: string): string =>
    execFileSync("bpftool", ["-j", "btf", "dump", "file", path], { encoding: "utf8", maxBuffer: 2 ** 28 });

  it("of every fixture is what bpftool prints", () => {
    const names = readdirSync(join(root, fixtures), { recursive: true, encoding: "utf8" });
    let compared = 0;
    for (const name of names.filter((each) => each.endsWith(".bpf.o"))) {
      const path = join(root, fixtures, name);
      const section = sectionOf(path);
      if (section === undefined) continue;
      assert.deepEqual(types([...btfJson(parseBtf(section), 1)].join("")), types(byBpftool(path)), name);
      compared += 1;
    }
    assert.ok(compared > 50, String(compared));
  });

  it("so it is of a command, of an object and of the running kernel", async () => {
    for (const path of [join(root, fixtures, "codec.bpf.o"), "/sys/kernel/btf/vmlinux"]) {
      const { code, stdout, stderr } = await ebpf(["btf", "dump", path, "--json"]);
      assert.equal(code, 0, stderr);
      assert.deepEqual(types(stdout), types(byBpftool(path)));
    }
    const none = await ebpf(["btf", "dump", `${fixtures}/spec-plain-c.bpf.c`, "--json"]);
    assert.deepEqual([none.code, none.stdout], [1, ""]);
  });
});

/** Of an object that can be read. */
function sectionOf(path: string): Uint8Array | undefined {
  try {
    return objectSection(readFileSync(path), ".BTF");
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    return undefined;
  }
}
