import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import { encodeSetting, type KconfigSetting, kconfigType } from "../../src/spec/kconfig-value.ts";
import { parseKernelConfig } from "../../src/spec/parse-kernel-config.ts";
import { parse } from "../../src/spec/parse.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import type { CollectionSpec, Reference } from "../../src/spec/types.ts";
import { MapFlag } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";

function read(name: string): CollectionSpec {
  return parse(readFileSync(fixturePath(`${name}.bpf.o`)));
}

function externsOf(spec: CollectionSpec, program: string): Reference[] {
  return spec.programs.find(({ name }) => name === program)!.references.filter(({ kind }) => kind === "extern");
}

describe("externs", () => {
  const spec = read("externs");

  test("settings stand in libbpf's order, without holes", () => {
    const map = spec.maps.find(({ name }) => name === ".kconfig")!;
    assert.deepEqual(
      { ...map, contents: undefined, valueType: undefined },
      {
        ...spec.maps.find(({ name }) => name === ".bss")!,
        name: ".kconfig",
        section: ".kconfig",
        flags: MapFlag.RDONLY_PROG | MapFlag.MMAPABLE,
        valueSize: 47,
        contents: undefined,
        valueType: undefined,
        readOnly: true,
      },
    );
    const settings = spec.variables.filter(({ section }) => section === ".kconfig");
    assert.deepEqual(
      settings.map(({ name, offset, size, extern, readOnly }) => [name, offset, size, extern, readOnly]),
      [
        ["CONFIG_HZ", 0, 8, "strong", true],
        ["CONFIG_BPF", 8, 4, "strong", true],
        ["CONFIG_EBPF_TS_NUMBER", 12, 4, "weak", true],
        ["CONFIG_EBPF_TS_STATE", 16, 4, "weak", true],
        ["LINUX_KERNEL_VERSION", 20, 4, "strong", true],
        ["CONFIG_EBPF_TS_SHORT", 24, 2, "weak", true],
        ["CONFIG_BPF_SYSCALL", 26, 1, "strong", true],
        ["CONFIG_DEBUG_INFO_BTF", 27, 1, "weak", true],
        ["LINUX_EBPF_TS_NONE", 28, 1, "weak", true],
        ["LINUX_HAS_BPF_COOKIE", 29, 1, "weak", true],
        ["LINUX_HAS_SYSCALL_WRAPPER", 30, 1, "weak", true],
        ["CONFIG_EBPF_TS_TEXT", 31, 16, "weak", true],
      ],
    );
    assert.ok(spec.variables.every(({ section, extern }) => (section === ".kconfig") === (extern !== undefined)));
  });

  test("references say what they are of", () => {
    const of = (program: string): unknown[] =>
      externsOf(spec, program).map((each) => {
        assert.ok(each.kind === "extern");
        const type = each.type === 0 ? "none" : spec.btf!.resolve(each.type).kind;
        return [each.name, each.section, each.weak, type, each.size];
      });
    const called = ["ebpf_ts_no_function", ".ksyms", true, "func_proto", 0];
    assert.deepEqual(of("guarded"), [["CONFIG_EBPF_TS_NUMBER", ".kconfig", true, "int", 4], called, called]);
    assert.deepEqual(of("absent"), [
      ["ebpf_ts_no_symbol", ".ksyms", true, "none", 0],
      ["ebpf_ts_no_variable", ".ksyms", true, "int", 4],
      called,
    ]);
    const [strong] = externsOf(read("bad/kernel-symbols"), "calls_kernel_function");
    assert.ok(strong?.kind === "extern" && !strong.weak);
  });

  test("a setting is no variable to be set", () => {
    assert.throws(
      () => setVariable(read("externs"), "CONFIG_HZ", 1n),
      (error) => error instanceof TypeError && /CONFIG_HZ.*option kconfig/.test(error.message),
    );
  });

  test("relocations for them that stand elsewhere than at calls and 64-bit loads", () => {
    const bytes = new Uint8Array(readFileSync(fixturePath("externs.bpf.o")));
    const code = spec.programs.find(({ name }) => name === "absent")!;
    const text = Buffer.from(bytes);
    // The first instructions of the program: w0 = 1; r1 = ebpf_ts_no_symbol ll.
    const at = text.indexOf(Buffer.from("b4000000010000001801000000000000", "hex"));
    assert.ok(at > 0 && code.references[0]!.slot === 1);
    for (const opcode of [0x85, 0xb7, 0x61]) {
      bytes[at + 8] = opcode;
      assert.throws(
        () => parse(bytes),
        (error) =>
          error instanceof EbpfError && error.code === "BAD_OBJECT" && /absent.*ebpf_ts_no_symbol/.test(error.message),
      );
    }
  });
});

describe("settings of a kernel", () => {
  const builder = new BtfBuilder();
  const char = builder.int("char", 1, "signed");
  const ids = {
    bool: builder.int("_Bool", 1, "bool"),
    char,
    short: builder.int("short", 2, "signed"),
    uint: builder.int("unsigned int", 4),
    ulong: builder.int("unsigned long", 8),
    tristate: builder.enum("libbpf_tristate", { TRI_NO: 0, TRI_YES: 1, TRI_MODULE: 2 }),
    text: builder.array(char, 4),
    other: builder.enum("other", { A: 1 }),
    struct: builder.struct("s", 4, []),
    none: builder.array(char, 0),
    wide: builder.int("__int128", 16),
  };
  const btf = parseBtf(builder.bytes());
  const typeOf = (name: keyof typeof ids) => kconfigType(btf, ids[name]);

  const cases: [keyof typeof ids, KconfigSetting, number[] | RegExp][] = [
    ["bool", "y", [1]],
    ["bool", "n", [0]],
    ["bool", "m", /libbpf_tristate or char/],
    ["bool", 1n, [1]],
    ["bool", 2n, /it is 2/],
    ["bool", { text: "y" }, /array of char/],
    ["tristate", "y", [1, 0, 0, 0]],
    ["tristate", "m", [2, 0, 0, 0]],
    ["tristate", 1n, /an integer/],
    ["char", "m", [0x6d]],
    ["char", -128n, [0x80]],
    ["char", 128n, /can hold it/],
    ["short", "y", /bool/],
    ["short", -2n, [0xfe, 0xff]],
    ["short", 0x8000n, /can hold it/],
    ["uint", 0xffff_ffffn, [0xff, 0xff, 0xff, 0xff]],
    ["uint", -1n, /can hold it/],
    ["ulong", 0xffff_ffff_8000_0000n, [0, 0, 0, 0x80, 0xff, 0xff, 0xff, 0xff]],
    ["ulong", 1n << 64n, /can hold it/],
    ["text", { text: "abc" }, [0x61, 0x62, 0x63, 0]],
    ["text", { text: "abcdef" }, [0x61, 0x62, 0x63, 0]],
    ["text", { text: "" }, [0, 0, 0, 0]],
    ["text", 1n, /an integer/],
    ["text", "y", /bool/],
  ];
  for (const [name, setting, expected] of cases) {
    const shown = typeof setting === "object" ? JSON.stringify(setting.text) : String(setting);
    test(`${shown} as ${name}`, () => {
      const encode = (): Uint8Array => encodeSetting(typeOf(name)!, setting);
      if (expected instanceof RegExp) assert.throws(encode, { code: "BAD_VALUE", message: expected });
      else assert.deepEqual([...encode()], expected);
    });
  }

  test("types that are none of a setting", () => {
    for (const name of ["other", "struct", "none", "wide"] as const) assert.equal(typeOf(name), undefined, name);
  });

  const config = [
    "# CONFIG_UNSET is not set",
    "CONFIG_A=y",
    "CONFIG_A=m",
    "CONFIG_B=m",
    'CONFIG_TEXT="say \\"so\\""',
    'CONFIG_EMPTY=""',
    "CONFIG_NUMBER=250",
    "CONFIG_NEGATIVE=-7",
    "CONFIG_HEX=0x1F",
    "CONFIG_OCTAL=010",
    "CONFIG_BROKEN=12ab",
    "CONFIG_NOTHING=",
    "OTHER=y",
    "CONFIG_UNWANTED=y",
  ].join("\n");

  test("as its configuration has them", () => {
    const names = [...config.matchAll(/[A-Z]*_?[A-Z]+(?==| is)/g)].map(([name]) => name);
    const wanted = new Set(names.filter((name) => name !== "CONFIG_UNWANTED"));
    assert.deepEqual(Object.fromEntries(parseKernelConfig(config, wanted)), {
      CONFIG_A: "y",
      CONFIG_B: "m",
      CONFIG_TEXT: { text: 'say "so"' },
      CONFIG_EMPTY: { text: "" },
      CONFIG_NUMBER: 250n,
      CONFIG_NEGATIVE: -7n,
      CONFIG_HEX: 31n,
      CONFIG_OCTAL: 8n,
    });
  });

  test("any text is read, and any setting is written or refused", () => {
    const line = fc
      .tuple(fc.constantFrom("CONFIG_A=", "CONFIG_A", "# CONFIG_A ", ""), fc.string())
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom(...(Object.keys(ids) as (keyof typeof ids)[])), (lines, name) => {
        const type = typeOf(name);
        for (const setting of parseKernelConfig(lines.join("\n"), new Set(["CONFIG_A"])).values()) {
          if (type === undefined) continue;
          try {
            assert.equal(encodeSetting(type, setting).length, type.size);
          } catch (error) {
            if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
          }
        }
      }),
    );
  });
});
