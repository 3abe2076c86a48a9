import assert from "node:assert/strict";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { BtfBuilder, mendBtf, mendForKernel, parseBtf, settleExterns } from "../../src/btf/index.ts";
import type { Btf } from "../../src/btf/index.ts";
import { EbpfError } from "../../src/base/errors.ts";
import { loadBtf } from "../../src/engine/kernel/load/load-btf.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec, ProgramSpec } from "../../src/spec/types.ts";
import { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { changedSys, loadFixture, readSpec } from "./kernel-fixture.ts";

const EINVAL = 22;

/** Fixtures whose types the kernel refuses as they are: externs, wide bitfields of enums, plain C. */
const refused = ["core-shapes-target", "core-shapes", "externs", "modules", "spec-kernel", "spec-plain-c"];

function readFixture(file: string): CollectionSpec | undefined {
  try {
    return parse(readFileSync(fixturePath(file)));
  } catch (error) {
    if (error instanceof EbpfError) return undefined;
    throw error;
  }
}

describe("kernel: the types of an object", { skip: kernelOrSkip() }, () => {
  const sys = linuxSys();
  const isTaken = async (bytes: Uint8Array): Promise<boolean> => {
    const attributes = new KernelStruct(BpfAttr.btf_load, { btf: bytes, btf_size: bytes.length });
    const fd = await sys.bpfAsync(Command.BTF_LOAD, attributes);
    if (fd >= 0) new Descriptor(fd, "the types").close();
    return fd >= 0;
  };

  const files = readdirSync(fixturePath("")).filter((name) => name.endsWith(".bpf.o"));
  for (const file of files) {
    const btf = readFixture(file)?.btf;
    if (btf === undefined) continue;
    test(`${file}: taken, or taken when they are mended, also for older kernels`, async () => {
      assert.equal(await isTaken(btf.bytes), !refused.includes(file.replace(".bpf.o", "")));
      assert.ok(await isTaken(mendForKernel(btf, { old: false })));
      assert.ok(await isTaken(mendForKernel(btf, { old: true })));
    });
  }

  test("with what the kernel is to provide: taken as if it were the object's own, and nothing is said", async () => {
    for (const name of ["externs", "spec-kernel"]) {
      const spec = readSpec(name);
      assert.ok(await isTaken(settleExterns(spec.btf!)!), name);
      const types = await loadBtf(sys, spec, (finding) => assert.fail(finding));
      types!.close();
    }
    assert.equal(settleExterns(readSpec("maps").btf!), undefined);
  });

  test("of other compilers, mended: names that are none, characters with a sign, functions without a name", async () => {
    const builder = new BtfBuilder();
    const int = builder.int("int", 4, "signed");
    builder.int("char", 1, "char");
    const proto = builder.add({ kind: "func_proto", returnType: int, parameters: [{ name: "", type: int }] });
    builder.add({ kind: "func", name: "", type: proto, linkage: "static" });
    builder.add({ kind: "typedef", name: "", type: int });
    builder.add({ kind: "func", name: "core::fmt::Debug<T>", type: proto, linkage: "extern" });
    builder.struct("Option<u32>", 8, [{ name: "0", type: int, offset: 4 }]);
    builder.add({ kind: "float", name: "long double", size: 10 });
    builder.add({ kind: "enum", name: "", size: 16, signed: false, values: [{ name: "a b", value: 1 }] });
    builder.add({ kind: "datasec", name: ".ksyms", size: 0, variables: [{ type: 4, offset: 0, size: 0 }] });
    builder.add({ kind: "decl_tag", name: "tag", type: int, componentIndex: 7 });
    const bytes = builder.bytes();
    // BTF_INT_SIGNED | BTF_INT_CHAR
    bytes[24 + 16 + 12 + 3] = 3;
    const btf = parseBtf(bytes);
    mendBtf(btf);
    assert.equal(await isTaken(bytes), false);
    assert.ok(await isTaken(mendForKernel(btf, { old: false })));
    assert.ok(await isTaken(mendForKernel(btf, { old: true })));
  });

  test("that it refuses are loaded mended, and that is said", async () => {
    const said: string[] = [];
    const types = await loadBtf(sys, readSpec("spec-plain-c"), (finding) => said.push(finding));
    assert.ok(types);
    types.close();
    assert.equal(said.length, 1);
    assert.match(said[0]!, /^The kernel refused the object's types \(.*Invalid type_id, EINVAL\): it got them mended$/);
  });

  describe("and what is told of the lines and functions of its programs", () => {
    const refuse = async (edit: (program: ProgramSpec) => void, message: RegExp): Promise<void> => {
      const told: string[] = [];
      const listen = (data: unknown): void => void told.push((data as { finding: string }).finding);
      subscribe("ebpf:finding", listen);
      try {
        const collection = await loadFixture("globals", { edit: (spec) => spec.programs.forEach(edit) });
        await collection.close();
      } finally {
        unsubscribe("ebpf:finding", listen);
      }
      assert.ok(told.length > 0);
      for (const finding of told) assert.match(finding, message);
    };

    test("lines that are none are left out", () =>
      refuse((program) => {
        const [first] = program.lines;
        program.lines.splice(1, Infinity, { ...first!, slot: 1, textOffset: 0xff_ffff });
      }, /^The kernel refused the debug information of program \w+ \(.*line_info.*\): it has functions of it$/));

    test("types of functions that are none are left out", () =>
      refuse(
        (program) => (program.btfFunction = 1),
        /^The kernel refused the debug information of program \w+ \(.*func info.*\): it has nothing of it$/,
      ));
  });

  describe("of which it takes none", () => {
    const stubborn = changedSys((real) => ({
      bpfAsync: (command, attributes) =>
        command === Command.BTF_LOAD ? Promise.resolve(-EINVAL) : real.bpfAsync(command, attributes),
    }));
    const load = (spec: CollectionSpec, said: string[] = []): ReturnType<typeof loadBtf> =>
      loadBtf(stubborn, spec, (finding) => said.push(finding));

    test("are left out when nothing needs them, and that is said", async () => {
      const said: string[] = [];
      assert.equal(await load(readSpec("globals"), said), undefined);
      assert.deepEqual(said, ["The kernel refused the object's types (EINVAL): they are left out, nothing needs them"]);
    });

    const needs: [string, () => CollectionSpec, RegExp][] = [
      ["a callback", () => readSpec("subprograms"), /function callback hands a function to a helper/],
      ["a lock in a variable", () => readSpec("spec-code"), /map \.bss\.lock holds a bpf_spin_lock/],
      ["a timer in a value", () => withValue("bpf_timer"), /map \S+ holds a bpf_timer/],
    ];
    for (const [what, spec, message] of needs) {
      test(`are missed by ${what}`, async () => {
        await assert.rejects(load(spec()), (error) => {
          assert.ok(error instanceof EbpfError);
          assert.equal(error.code, "NOT_SUPPORTED");
          assert.match(error.message, /^Cannot load the object: .* it refused them \(EINVAL\)$/);
          assert.match(error.message, message);
          return true;
        });
      });
    }
  });
});

/** The first map of an object, with values that the kernel knows by the name of their struct. */
function withValue(struct: string): CollectionSpec {
  const builder = new BtfBuilder();
  const inner = builder.struct(struct, 16, []);
  const value = builder.struct("value", 16, [{ name: "field", type: inner, offset: 0 }]);
  const spec = readSpec("globals");
  const btf: Btf = parseBtf(builder.bytes());
  const map = { ...spec.maps[0]!, name: "timers", valueType: value };
  return { ...spec, btf, maps: [map] };
}
