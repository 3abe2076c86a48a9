import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import { AttachType, MapFlag, MapType, ProgType, parse } from "../../src/spec/index.ts";
import type { CollectionSpec, FunctionSpec, MapSpec, Reference } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

function read(name: string): CollectionSpec {
  return parse(new Uint8Array(readFileSync(fixturePath(name))));
}

function find<T extends { name: string }>(list: readonly T[], name: string): T {
  const found = list.find((candidate) => candidate.name === name);
  assert.ok(found, `no ${name}`);
  return found;
}

/** The references of a function without their slots. */
function targets(fn: FunctionSpec): unknown[] {
  return fn.references.map(({ slot: _slot, ...reference }: Reference) => reference);
}

for (const folder of ["", "clang-14/"]) {
  test(`map definitions with every field (${folder || "clang-19"})`, () => {
    const { maps, license } = read(`${folder}spec-maps.bpf.o`);
    const map = (name: string): MapSpec => find(maps, name);
    assert.equal(license, "Dual MIT/GPL");
    assert.deepEqual(
      new Set(maps.map(({ name }) => name)),
      new Set(["typed", "sized", "twice", "calls", "first", "second", "outer", "template"]),
    );

    const typed = map("typed");
    assert.deepEqual([typed.type, typed.keySize, typed.valueSize, typed.maxEntries], [MapType.HASH, 20, 16, 1000]);
    assert.deepEqual(
      [typed.flags, typed.numaNode, typed.pinning],
      [MapFlag.NO_PREALLOC | MapFlag.NUMA_NODE, 1, "by-name"],
    );
    assert.deepEqual([map("sized").keySize, map("sized").valueSize, map("sized").mapExtra], [0, 8, 3n]);
    assert.deepEqual(
      [map("twice").keySize, map("twice").valueSize, map("twice").numaNode, map("twice").pinning],
      [4, 8, undefined, "none"],
    );
    assert.deepEqual(map("calls").slots, [
      { index: 0, name: "entry" },
      { index: 3, name: "other" },
    ]);
    assert.deepEqual(map("outer").slots, [
      { index: 1, name: "first" },
      { index: 5, name: "second" },
    ]);
    assert.deepEqual(
      [map("outer").valueSize, map("outer").inner?.name, map("outer").inner?.maxEntries, map("outer").inner?.valueSize],
      [4, "outer.inner", 2, 4],
    );
    assert.deepEqual(
      [map("template").keySize, map("template").inner?.type, map("template").inner?.maxEntries],
      [8, MapType.RINGBUF, 4096],
    );
  });

  test(`the types of keys and values (${folder || "clang-19"})`, () => {
    const { maps, btf } = read(`${folder}spec-maps.bpf.o`);
    assert.equal(btf?.nameOf(find(maps, "typed").keyType), "struct key");
    assert.equal(btf?.nameOf(find(maps, "typed").valueType), "value_t");
    assert.equal(find(maps, "sized").valueType, 0);
  });

  test(`programs, subprograms and what they refer to (${folder || "clang-19"})`, () => {
    const { programs, functions } = read(`${folder}spec-code.bpf.o`);
    assert.deepEqual(
      programs.map(({ name, section }) => [name, section]),
      [
        ["first_program", "tracepoint/syscalls/sys_enter_kill"],
        ["second_program", "tracepoint/syscalls/sys_enter_kill"],
        ["looping", "syscall"],
      ],
    );
    assert.deepEqual(functions.map(({ name }) => name).sort(), [
      "global_function",
      "hidden_function",
      "leaf",
      "middle",
      "on_index",
      "weak_function",
    ]);
    assert.deepEqual(
      ["global_function", "hidden_function", "leaf", "weak_function"].map((name) => find(functions, name).linkage),
      ["global", "static", "static", "weak"],
    );
    assert.deepEqual(
      targets(find(programs, "first_program")).sort(byText),
      [
        { kind: "call", function: "global_function" },
        { kind: "map-value", map: ".data", offset: 0 },
        { kind: "map-value", map: ".data.named", offset: 0 },
      ].sort(byText),
    );
    assert.deepEqual(targets(find(programs, "second_program")), [
      { kind: "map", map: "counts" },
      { kind: "call", function: "weak_function" },
      { kind: "call", function: "hidden_function" },
    ]);
    assert.deepEqual(targets(find(programs, "looping")), [
      { kind: "function", function: "on_index" },
      { kind: "call", function: "middle" },
    ]);
    assert.deepEqual(targets(find(functions, "middle")), [
      { kind: "call", function: "leaf" },
      { kind: "call", function: "leaf" },
    ]);
    // A static variable that is not the first of its section.
    assert.deepEqual(targets(find(functions, "leaf")), [{ kind: "map-value", map: ".data", offset: 4 }]);
  });

  test(`line and function info (${folder || "clang-19"})`, () => {
    const { programs, functions, btf } = read(`${folder}spec-code.bpf.o`);
    for (const fn of [...programs, ...functions]) {
      const type = btf?.type(fn.btfFunction);
      assert.equal(type?.kind === "func" && type.name, fn.name);
      assert.equal(fn.lines[0]?.slot, 0, `${fn.name} begins with a line`);
      for (const line of fn.lines) {
        assert.ok(line.slot < fn.instructions.length);
        assert.match(line.file, /spec-code\.bpf\.c$/);
      }
    }
    assert.ok(find(programs, "looping").lines.some((line) => line.text.includes("bpf_loop(10, on_index, NULL, 0)")));
  });
}

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}

test("what section names say of programs", () => {
  const { programs } = read("spec-kernel.bpf.o");
  assert.deepEqual(targets(find(programs, "uses_kernel")), [
    { kind: "extern", name: "bpf_prog_active", section: ".ksyms", weak: true, type: 9, size: 4 },
  ]);
  const { type, attachType, attachTo, kind, sleepable, autoload } = find(programs, "uses_kernel");
  assert.deepEqual(
    { type, attachType, attachTo, kind, sleepable, autoload },
    {
      type: ProgType.TRACING,
      attachType: AttachType.TRACE_FENTRY,
      attachTo: "do_unlinkat",
      kind: "fentry.s",
      sleepable: true,
      autoload: false,
    },
  );
  const first = find(read("spec-code.bpf.o").programs, "first_program");
  assert.deepEqual([first.attachTo, first.autoload], ["syscalls/sys_enter_kill", true]);
});

test("static functions in the sections of programs", () => {
  const { programs, functions } = read("spec-beside.bpf.o");
  assert.deepEqual(
    programs.map(({ name }) => name),
    ["near", "far"],
  );
  assert.deepEqual(functions.map(({ name, section }) => [name, section]).sort(), [
    ["beside", "socket"],
    ["elsewhere", "helpers"],
  ]);
  assert.deepEqual(targets(find(programs, "near")), [{ kind: "call", function: "beside" }]);
  assert.deepEqual(targets(find(programs, "far")), [
    { kind: "call", function: "beside" },
    { kind: "call", function: "elsewhere" },
  ]);
  assert.deepEqual(targets(find(functions, "elsewhere")), [{ kind: "call", function: "beside" }]);
});

test("global data sections become maps", () => {
  const { maps, variables, btf } = read("spec-code.bpf.o");
  const data = (name: string): MapSpec => find(maps, name);
  for (const name of [".data", ".rodata", ".bss", ".data.named", ".bss.lock"]) {
    const map = data(name);
    assert.deepEqual(
      [map.type, map.keySize, map.maxEntries, map.section, map.contents?.length],
      [MapType.ARRAY, 4, 1, name, map.valueSize],
    );
    assert.equal(btf?.type(map.valueType).kind, "datasec");
  }
  assert.deepEqual([data(".rodata").flags, data(".rodata").readOnly], [MapFlag.MMAPABLE | MapFlag.RDONLY_PROG, true]);
  assert.deepEqual([data(".data").flags, data(".data").readOnly], [MapFlag.MMAPABLE, false]);
  assert.equal(data(".bss.lock").flags, 0, "hidden variables are not mapped");
  assert.deepEqual([...(data(".data").contents ?? [])], [1, 0, 0, 0, 2, 0, 0, 0]);
  assert.deepEqual(
    variables.map(({ name, section, offset, size, readOnly }) => [name, section, offset, size, readOnly]).sort(byText),
    [
      ["first_static", ".data", 0, 4, false],
      ["limit", ".rodata", 0, 4, true],
      ["lock", ".bss.lock", 0, 4, false],
      ["named", ".data.named", 0, 4, false],
      ["second_static", ".data", 4, 4, false],
      ["total", ".bss", 0, 8, false],
    ],
  );
  assert.equal(btf?.nameOf(find(variables, "total").type), "__u64");
});

test("contents can be changed without changing the file's bytes", () => {
  for (const bytes of [
    new Uint8Array(readFileSync(fixturePath("globals.bpf.o"))),
    readFileSync(fixturePath("globals.bpf.o")),
  ]) {
    const before = Uint8Array.from(bytes);
    const spec = parse(bytes);
    assert.deepEqual(Uint8Array.from(bytes), before);
    for (const map of spec.maps) map.contents?.fill(0xaa);
    spec.btf?.bytes.fill(0);
    assert.deepEqual(Uint8Array.from(bytes), before);
  }
});

test("an object without BTF has its variables from symbols", () => {
  const { btf, maps, variables } = read("spec-no-debug.bpf.o");
  assert.equal(btf, undefined);
  assert.deepEqual(
    maps.map(({ name, valueSize, valueType }) => [name, valueSize, valueType]),
    [
      [".rodata", 4, 0],
      [".bss", 12, 0],
    ],
  );
  assert.deepEqual(
    variables.map(({ name, section, offset, size, type }) => [name, section, offset, size, type]),
    [
      ["limit", ".rodata", 0, 4, 0],
      ["total", ".bss", 0, 8, 0],
      ["last", ".bss", 8, 4, 0],
    ],
  );
});

test("data sections in BTF have sizes, offsets and an order, as the kernel wants them", () => {
  const { btf, maps } = read("globals.bpf.o");
  assert.ok(btf);
  for (const map of maps) {
    const type = btf.type(map.valueType);
    assert.ok(type.kind === "datasec");
    assert.equal(type.size, map.valueSize);
    let end = 0;
    for (const { offset, size } of type.variables) {
      assert.ok(offset >= end && offset + size <= type.size);
      end = offset + size;
    }
  }
});

test("hidden functions and variables are static in BTF", () => {
  const { btf } = read("spec-code.bpf.o");
  const linkage = (name: string, kind: "func" | "var"): unknown => {
    const type = btf?.find(name, kind)[0];
    return type?.kind === "func" || type?.kind === "var" ? type.linkage : undefined;
  };
  assert.equal(linkage("hidden_function", "func"), "static");
  assert.equal(linkage("global_function", "func"), "global");
  assert.equal(linkage("lock", "var"), "static");
  assert.equal(linkage("total", "var"), "global");
});

test("the type of a ring's records", () => {
  for (const object of ["spec-records.bpf.o", "clang-14/spec-records.bpf.o"]) {
    const { maps, variables, btf } = read(object);
    const typeOf = (name: string): string =>
      find(maps, name).recordType === 0 ? "" : (btf?.nameOf(find(maps, name).recordType) ?? "");
    assert.equal(typeOf("valued"), "struct by_value", "__type(value, …) comes before a variable");
    assert.equal(typeOf("commands"), "struct by_name");
    assert.equal(typeOf("typed_perf"), "struct by_name");
    assert.equal(typeOf("sized"), "struct by_size");
    assert.equal(typeOf("perf"), "struct other");
    assert.equal(typeOf("ambiguous"), "", "two structs have that size");
    assert.equal(typeOf("varying"), "", "two sizes are written");
    assert.equal(typeOf("unanchored"), "", "no struct has that size");
    assert.deepEqual(
      [find(maps, "valued").valueSize, find(maps, "valued").valueType],
      [0, 0],
      "the kernel wants no value in a ring",
    );
    assert.deepEqual([find(maps, "typed_perf").keySize, find(maps, "typed_perf").valueSize], [4, 4]);
    assert.ok(!variables.some(({ name }) => name.endsWith("__record")));
    assert.ok(variables.some(({ name }) => name === "kept"));
  }
});

test("why the type of a ring's records is believed, or is not known", () => {
  const { maps, btf } = read("spec-writers.bpf.o");
  const told = (name: string): [type: string, why: string] => {
    const { recordType, recordReason } = find(maps, name);
    return [recordType === 0 ? "" : (btf?.nameOf(recordType) ?? ""), recordReason ?? ""];
  };
  assert.deepEqual(told("named"), ["struct eight", "named by named__record"]);
  assert.deepEqual(told("small_perf"), ["struct small", "named by the map's definition"]);
  const guessed = "guessed: kept points to it, and it has the 16 bytes that all programs write";
  assert.deepEqual(told("agreeing"), ["struct sixteen", guessed]);
  assert.deepEqual(told("constant_dynptr"), ["struct sixteen", guessed]);
  const unknown: [name: string, why: RegExp][] = [
    ["beside", /^not known: programs write records of 8 bytes, no global pointer names such a struct$/],
    ["varying", /^not known: write_all, instruction \d+ writes records whose size is no constant$/],
    ["branching", /^not known: write_all, instruction \d+ writes records whose size is no constant$/],
    ["dynamic", /^not known: write_all, instruction \d+ writes records whose size is no constant$/],
    [
      "short_perf",
      /^not known: named by short_perf__record as struct sixteen of 16 bytes, but write_all, instruction \d+ writes 12 bytes$/,
    ],
    ["silent", /^not known: no program of the object writes into it$/],
    ["perf", /^not known: emit, instruction \d+ writes into a map that cannot be told, perhaps this one$/],
    ["perf_of_argument", /^not known: emit, instruction \d+ writes into a map that cannot be told, perhaps this one$/],
  ];
  for (const [name, why] of unknown) {
    assert.equal(told(name)[0], "", name);
    assert.match(told(name)[1], why, name);
  }
  assert.equal(find(read("spec-writers.bpf.o").maps, ".bss").recordReason, undefined);
});

test("programs of no known kind are listed, and have no type", () => {
  const { programs } = read("spec-kinds.bpf.o");
  const told = (name: string): unknown[] => {
    const { kind, type, section, autoload } = find(programs, name);
    return [kind, type, section, autoload];
  };
  assert.deepEqual(told("later"), ["", 0, "?newthing/x", false]);
  assert.deepEqual(told("unknown"), ["", 0, "newthing/y", true]);
  assert.deepEqual(told("plain").slice(0, 2), ["syscall", 31]);
});

test("bytes in shared memory parse alike", () => {
  const bytes = readFileSync(fixturePath("spec-code.bpf.o"));
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3), 3);
  shared.set(bytes);
  assert.equal(JSON.stringify(parse(shared)), JSON.stringify(parse(bytes)));
});

test("what is no Uint8Array is a misuse", () => {
  assert.throws(() => parse("a.bpf.o" as unknown as Uint8Array), TypeError);
});

const bad: [object: string, message: RegExp][] = [
  ["bad/big-endian.bpf.o", /is for big-endian eBPF.*compile it with clang -target bpfel/],
  ["bad/no-btf.bpf.o", /has maps but no BTF.*clang -g/],
  ["bad/legacy-map.bpf.o", /in the old way, in section "maps": define them with BTF/],
  ["bad/missing-map.bpf.o", /^Program uses_missing uses missing, which the object does not define/],
  ["bad/missing-function.bpf.o", /^Program calls_missing calls missing, which the object does not define/],
  ["spec-builtin.bpf.o", /^Program copies calls memcpy, which the object does not define: clang put the call in/],
];

for (const [object, message] of bad) {
  test(`${object} is refused`, () => {
    assert.throws(
      () => read(object),
      (error) => {
        assert.ok(error instanceof EbpfError);
        assert.equal(error.code, "BAD_OBJECT");
        assert.match(error.message, message);
        return true;
      },
    );
  });
}

test("a table of addresses is refused, by the name of its section and user", () => {
  assert.throws(
    () => read("spec-data-pointers.bpf.o"),
    (error) => {
      assert.ok(error instanceof NotSupportedError);
      assert.match(error.message, /^Program reads_table uses section \.rodata, which holds (addresses|the address of)/);
      return true;
    },
  );
});
