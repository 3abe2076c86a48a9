import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { encodeInstructions } from "../../src/insn/index.ts";
import type { Instruction } from "../../src/insn/index.ts";
import { assemble, disassembleFunction, parse } from "../../src/spec/index.ts";
import type { CollectionSpec, FunctionSpec, AssembledProgram, ProgramSpec } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

function read(name: string): CollectionSpec {
  return parse(new Uint8Array(readFileSync(fixturePath(name))));
}

function program(spec: CollectionSpec, name: string): ProgramSpec {
  const found = spec.programs.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}

/** Where every call and callback of assembled code leads to, by name. */
function calls(assembled: AssembledProgram): string[] {
  const names = new Map(assembled.functions.map(({ slot, name }) => [slot, name]));
  return assembled.instructions.flatMap((instruction, slot) => {
    const isCall = instruction.opcode === 0x85 && instruction.src === 1;
    const isAddress = instruction.opcode === 0x18 && instruction.src === 4;
    return isCall || isAddress ? [names.get(slot + instruction.imm + 1) ?? `slot ${slot + instruction.imm + 1}`] : [];
  });
}

test("functions follow in the order in which they are first reached, depth first", () => {
  const spec = read("spec-code.bpf.o");
  const first = assemble(spec, program(spec, "first_program"));
  assert.deepEqual(
    first.functions.map(({ name }) => name),
    ["first_program", "global_function", "middle", "leaf"],
  );
  assert.deepEqual(calls(first), ["global_function", "middle", "leaf", "leaf"]);
  const looping = assemble(spec, program(spec, "looping"));
  assert.deepEqual(
    looping.functions.map(({ name }) => name),
    ["looping", "on_index", "leaf", "middle"],
  );
  assert.deepEqual(calls(looping), ["on_index", "middle", "leaf", "leaf", "leaf"]);
});

test("references, lines and function starts move with their functions", () => {
  const spec = read("spec-code.bpf.o");
  const assembled = assemble(spec, program(spec, "first_program"));
  const parts = new Map([...spec.programs, ...spec.functions].map((fn) => [fn.name, fn] as [string, FunctionSpec]));
  let slot = 0;
  for (const start of assembled.functions) {
    const part = parts.get(start.name);
    assert.ok(part);
    assert.equal(start.slot, slot);
    assert.equal(start.btfFunction, part.btfFunction);
    for (const line of part.lines)
      assert.ok(assembled.lines.some((moved) => moved.slot === slot + line.slot && moved.text === line.text));
    slot += part.instructions.length;
  }
  assert.equal(slot, assembled.instructions.length);
  for (const reference of assembled.references) {
    assert.equal(reference.kind, "map-value");
    assert.equal(assembled.instructions[reference.slot]?.src, 2);
  }
  assert.deepEqual(assembled.references.map((reference) => reference.kind === "map-value" && reference.map).sort(), [
    ".data",
    ".data",
    ".data.named",
  ]);
});

test("linking leaves the spec as it was", () => {
  const spec = read("spec-code.bpf.o");
  const before = JSON.stringify(spec);
  for (const each of spec.programs) assemble(spec, each);
  assert.equal(JSON.stringify(spec), before);
});

test("functions that call in circles, and a program that calls itself, are assembled once", () => {
  const spec = read("spec-recursion.bpf.o");
  const assembled = assemble(spec, program(spec, "circle"));
  assert.deepEqual(
    assembled.functions.map(({ name }) => name),
    ["circle", "even", "odd"],
  );
  assert.deepEqual(calls(assembled), ["even", "circle", "odd", "even"]);
});

test("a long chain of functions does not exhaust the stack", () => {
  const spec = read("spec-recursion.bpf.o");
  const exit: Instruction = { opcode: 0x95, dst: 0, src: 0, offset: 0, imm: 0 };
  const call: Instruction = { opcode: 0x85, dst: 0, src: 1, offset: 0, imm: -1 };
  const length = 50_000;
  const common = { section: ".text", btfFunction: 0, lines: [], coreRelocations: [], linkage: "static" as const };
  spec.functions = Array.from({ length }, (_, index) => ({
    ...common,
    name: `f${index}`,
    instructions: [{ ...call }, { ...exit }],
    references: [{ slot: 0, kind: "call" as const, function: `f${(index + 1) % length}` }],
  }));
  const main = { ...program(spec, "circle"), ...common, name: "main", instructions: [{ ...call }, { ...exit }] };
  main.references = [{ slot: 0, kind: "call", function: "f0" }];
  assert.equal(assemble(spec, main).functions.length, length + 1);
});

test("a function that is missing, or a slot outside, is named", () => {
  const spec = read("spec-code.bpf.o");
  const first = program(spec, "first_program");
  const withReference = (slot: number): ProgramSpec => ({
    ...first,
    references: [{ slot, kind: "call", function: "gone" }],
  });
  assert.throws(
    () => assemble(spec, withReference(0)),
    (error) => error instanceof EbpfError && error.code === "NOT_FOUND" && /no function gone/.test(error.message),
  );
  assert.throws(
    () => assemble(spec, withReference(999)),
    (error) => error instanceof EbpfError && /slot 999/.test(error.message),
  );
});

test("assembled code prints with names and C lines", () => {
  const spec = read("spec-code.bpf.o");
  const text = disassembleFunction(program(spec, "looping"));
  assert.ok(text.some((line) => line.text === "r2 = &on_index ll"));
  assert.ok(text.some((line) => line.text === "call bpf_loop#181"));
  assert.ok(text.some((line) => line.text === "call middle"));
  assert.ok(text.some((line) => line.text === "w1 = 7" && line.source?.text.includes("return middle(7);")));
  assert.ok(disassembleFunction(program(spec, "second_program")).some((line) => line.text === "r1 = map[counts] ll"));
});

/** The kernel's digest of a program leaves descriptors of maps out (`bpf_prog_calc_tag`); it was SHA-1 before 6.18. */
function tags(assembled: AssembledProgram): string[] {
  for (const { slot, kind } of assembled.references) {
    if (kind !== "map" && kind !== "map-value") continue;
    for (const half of [slot, slot + 1]) (assembled.instructions[half] as Instruction).imm = 0;
  }
  const code = encodeInstructions(assembled.instructions);
  return ["sha256", "sha1"].map((hash) => createHash(hash).update(code).digest("hex").slice(0, 16));
}

function whyNoJudge(): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const probe = mkdtempSync(join(tmpdir(), "ebpf-ts-tags-"));
  try {
    execFileSync("bpftool", ["version"], { stdio: "ignore" });
    execFileSync("mount", ["-t", "bpf", "bpf", probe], { stdio: "ignore" });
    execFileSync("umount", [probe]);
    return false;
  } catch {
    return "bpftool (libbpf) cannot load programs here";
  } finally {
    rmSync(probe, { recursive: true });
  }
}

test("tags are the same as under libbpf", { skip: whyNoJudge() }, () => {
  const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-tags-"));
  execFileSync("mount", ["-t", "bpf", "bpf", folder]);
  try {
    for (const object of ["spec-code", "subprograms", "globals", "user-ring", "maps", "tracepoint"]) {
      const spec = read(`${object}.bpf.o`);
      execFileSync("bpftool", ["prog", "loadall", fixturePath(`${object}.bpf.o`), join(folder, object)], {
        stdio: "pipe",
      });
      const loaded = spec.programs.filter(({ autoload }) => autoload);
      for (const each of loaded) {
        const pin = join(folder, object, each.name);
        assert.ok(existsSync(pin), pin);
        const { tag } = JSON.parse(
          execFileSync("bpftool", ["-j", "prog", "show", "pinned", pin], { encoding: "utf8" }),
        ) as { tag: string };
        assert.ok(tags(assemble(spec, each)).includes(tag), `${object}: ${each.name} has another tag under libbpf`);
      }
      assert.ok(loaded.length > 0);
    }
  } finally {
    execFileSync("umount", [folder]);
    rmSync(folder, { recursive: true });
  }
});

test("of an edited spec it says what cannot be assembled, wherever the program reaches, and nothing of what it does not reach", () => {
  const edits: readonly [edit: (spec: CollectionSpec) => void, says: RegExp][] = [
    [({ functions }) => void Object.assign(functions, { 0: undefined }), /Element 0 of the functions of assemble/],
    [({ programs }) => void Object.assign(programs, { 1: null }), /Element 1 of the programs of assemble/],
    [({ functions }) => void Object.assign(functions[0]!, { name: 5 }), /name of element 0 of the functions/],
    [(spec) => void Object.assign(spec, { btf: {} }), /btf of the spec of assemble/],
    ...(["instructions", "references", "lines", "coreRelocations"] as const).map(
      (member): [(spec: CollectionSpec) => void, RegExp] => [
        (spec) => void Object.assign(functionOf(spec, "leaf"), { [member]: undefined }),
        new RegExp(`${member} of Function leaf of the spec of assemble`),
      ],
    ),
  ];
  for (const [edit, says] of edits) {
    const spec = read("spec-code.bpf.o");
    const first = program(spec, "first_program");
    edit(spec);
    assert.throws(
      () => assemble(spec, first),
      (error: Error) => error instanceof TypeError && says.test(error.message),
      String(says),
    );
  }
  const spec = read("spec-code.bpf.o");
  Object.assign(functionOf(spec, "on_index"), { lines: undefined });
  assert.equal(assemble(spec, program(spec, "first_program")).functions.length, 4);
});

function functionOf(spec: CollectionSpec, name: string): FunctionSpec {
  const found = spec.functions.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}
