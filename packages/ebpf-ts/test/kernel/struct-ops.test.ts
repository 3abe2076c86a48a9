/** Operations of the kernel, up to what the kernel is told: by types that are made up. What it does then is seen in guests. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import fc from "fast-check";
import { EbpfError } from "../../src/base/errors.ts";
import { takeAll } from "../../src/base/take-all.ts";
import { BtfBuilder } from "../../src/btf/btf-builder.ts";
import { parseBtf } from "../../src/btf/parse-btf.ts";
import type { Btf, BtfComposite, BtfMember } from "../../src/btf/types.ts";
import type { KernelTypes } from "../../src/engine/kernel/load/kernel-types.ts";
import { findKernelOps } from "../../src/engine/kernel/struct-ops/kernel-ops.ts";
import { filledIn, layOutOps, type OpsLayout } from "../../src/engine/kernel/struct-ops/lay-out-ops.ts";
import { type KeptOps, OpsLink } from "../../src/engine/kernel/struct-ops/ops-link.ts";
import { OpsPlan } from "../../src/engine/kernel/struct-ops/plan-ops.ts";
import { lastingOperations } from "../../src/host/lasting-operations.ts";
import type { LinkedOps } from "../../src/link/linked.ts";
import { LiveLinks } from "../../src/link/live-links.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { withMembers } from "../../src/spec/struct-ops/set-members.ts";
import type { CollectionSpec, MapSpec, MemberProgram } from "../../src/spec/types.ts";
import type { Sys } from "../../src/sys/ffi/sys.ts";
import { LinkType, MapFlag } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";

const read = (name: string): CollectionSpec => parse(new Uint8Array(readFileSync(fixturePath(name))));

const kernelSizes = { u8: 1, u16: 2, u32: 4, u64: 8, name: 16, run: 8, data: 8 } as const;
type Kind = keyof typeof kernelSizes;

interface Struct {
  readonly btf: Btf;
  readonly type: BtfComposite;
}

type Members = readonly (readonly [name: string, kind: Kind, bits?: number])[];

/** A struct of such members, one after another, and where `value` is true the kernel's struct of what it keeps of them, with them at byte 64. */
function structOf(name: string, members: Members, value = false): Struct {
  const builder = new BtfBuilder();
  const int = (size: number): number => builder.int(`u${size * 8}`, size);
  const types: Readonly<Record<Kind, number>> = {
    u8: int(1),
    u16: int(2),
    u32: int(4),
    u64: int(8),
    name: builder.array(builder.int("char", 1, "char"), 16),
    run: builder.pointer(builder.add({ kind: "func_proto", returnType: 0, parameters: [] })),
    data: builder.pointer(0),
  };
  const placed: BtfMember[] = [];
  let size = 0;
  for (const [member, kind, bits = 0] of members) {
    const own = kernelSizes[kind];
    size = Math.ceil(size / own) * own;
    placed.push({ name: member, type: types[kind], bitOffset: size * 8, bitSize: bits });
    size += own;
  }
  size = Math.ceil(size / 8) * 8;
  const id = builder.add({ kind: "struct", name, size, members: placed });
  if (value)
    builder.struct(`bpf_struct_ops_${name}`, 64 + size, [
      { name: "common", type: types.u64, offset: 0 },
      { name: "data", type: id, offset: 64 },
    ]);
  const btf = parseBtf(builder.bytes());
  return { btf, type: btf.type(id) as BtfComposite };
}

/** A kernel that has no other types, and no modules but such as have these. */
function kernelOf({ btf }: Struct, modules: readonly { readonly id: number; readonly btf: Btf }[] = []): KernelTypes {
  const made = { own: async () => btf, modules: () => modules, descriptorOf: ({ id }: { id: number }) => ({ fd: id }) };
  return made as unknown as KernelTypes;
}

function mapOf({ type }: Struct, contents: Uint8Array, ops: MemberProgram[] = [], name = "tested"): MapSpec {
  const [plain] = read("spec-struct-ops.bpf.o").maps.filter((map) => map.ops !== undefined);
  return { ...plain!, name, valueType: type.id, valueSize: type.size, contents, ops };
}

async function laidOut(
  own: Members,
  kernel: Members,
  bytes: readonly number[],
  ops: MemberProgram[] = [],
): Promise<OpsLayout> {
  const [object, target] = [structOf("ops", own), structOf("ops", kernel, true)];
  const contents = new Uint8Array(object.type.size);
  contents.set(bytes);
  const found = await findKernelOps("ops", kernelOf(target), "try");
  return layOutOps(mapOf(object, contents, ops), object.btf, object.type, found);
}

describe("the layout of operations of the kernel", () => {
  it("has each member where the kernel's struct has that of its name", async () => {
    const kinds = fc.constantFrom<Kind>("u8", "u16", "u32", "u64", "name", "run");
    const members = fc.uniqueArray(fc.tuple(fc.stringMatching(/^[a-z]{1,6}$/), kinds), {
      minLength: 1,
      maxLength: 12,
      selector: ([name]) => name,
    });
    await fc.assert(
      fc.asyncProperty(members, fc.infiniteStream(fc.nat(255)), fc.nat(), async (all, stream, seed) => {
        const kernel = all.toSorted(([one], [other]) => hash(one, seed) - hash(other, seed));
        const own = all.filter(([name]) => hash(name, seed + 1) % 3 !== 0);
        const object = structOf("ops", own);
        const contents = new Uint8Array(object.type.size);
        const bytes = Uint8Array.from(stream.take(contents.length));
        const isFunction = (name: string): boolean => own.some((each) => each[0] === name && each[1] === "run");
        for (const { name, type, bitOffset } of object.type.members) {
          const [start, end] = [bitOffset / 8, bitOffset / 8 + object.btf.sizeOf(type)];
          if (!isFunction(name)) contents.set(bytes.subarray(start, end), start);
        }
        const functions = own.filter(([, kind]) => kind === "run").map(([name]) => name);
        const ops = functions.map((name) => ({ member: name, program: `program_${name}` }));
        const layout = await laidOut(own, kernel, [...contents], ops);
        const value = filledIn(layout, (program) => 1000 + functions.indexOf(program.slice("program_".length)));
        const target = layout.kernel.type;
        assert.ok(value.subarray(0, 64).every((byte) => byte === 0));
        for (const member of target.members) {
          const at = 64 + member.bitOffset / 8;
          const found = value.subarray(at, at + layout.kernel.btf.sizeOf(member.type));
          const mine = object.type.members.find(({ name }) => name === member.name);
          if (mine === undefined) assert.ok(found.every((byte) => byte === 0));
          else if (isFunction(member.name))
            assert.equal(
              new DataView(found.slice().buffer).getBigUint64(0, true),
              BigInt(1000 + functions.indexOf(member.name)),
            );
          else
            assert.deepEqual([...found], [...contents.subarray(mine.bitOffset / 8, mine.bitOffset / 8 + found.length)]);
        }
        for (const { member, program } of layout.programs)
          assert.equal(`program_${target.members[member]!.name}`, program);
      }),
      { numRuns: 60 },
    );
  });

  const refused = (promise: Promise<unknown>, message: RegExp): Promise<void> =>
    assert.rejects(promise, { code: "NOT_SUPPORTED", message });

  it("leaves out what the kernel does not have, if it is zero", async () => {
    const kernel: Members = [["flags", "u32"]];
    const layout = await laidOut(
      [
        ["later", "u64"],
        ["flags", "u32"],
      ],
      kernel,
      [0, 0, 0, 0, 0, 0, 0, 0, 7],
    );
    assert.equal(layout.value[64], 7);
    await refused(
      laidOut([["flag", "u64"]], kernel, [0, 0, 0, 0, 0, 0, 0, 1]),
      /^Cannot load map tested: its member flag: this kernel's struct ops has no such member, but flags: leave it zero$/,
    );
    await refused(laidOut([["later", "run"]], kernel, [], [{ member: "later", program: "any" }]), /has no such member/);
  });

  it("looks at the bits of a bitfield, and sets none", async () => {
    const own: Members = [
      ["bits", "u8", 3],
      ["flags", "u32"],
    ];
    const kernel: Members = [["flags", "u32"]];
    assert.equal((await laidOut(own, kernel, [0b1111_1000, 0, 0, 0, 9])).value[64], 9);
    await refused(laidOut(own, kernel, [0b100]), /its member bits: .* has no such member/);
    await refused(laidOut(own, [["bits", "u8", 3]], [0]), /its member bits: it is a bitfield/);
    await refused(laidOut([["bits", "u8"]], [["bits", "u8", 3]], [0]), /it is a bitfield/);
  });

  it("refuses members that are something else in the kernel", async () => {
    await refused(
      laidOut([["a", "u32"]], [["a", "u64"]], []),
      /its member a: it is u32, and u64 in this kernel's struct ops$/,
    );
    await refused(laidOut([["a", "name"]], [["a", "u64"]], []), /it is char\[16\], and u64/);
    await refused(laidOut([["a", "data"]], [["a", "data"]], [1]), /a pointer is a program, or zero$/);
    const ops = [{ member: "a", program: "any" }];
    await refused(laidOut([["a", "run"]], [["a", "data"]], [], ops), /it is .*, and void \* in this kernel/);
    await refused(laidOut([["a", "u64"]], [["a", "u64"]], [], ops), /it is u64, and u64/);
  });
});

const hash = (name: string, seed: number): number =>
  [...name].reduce((sum, letter) => (Math.imul(sum, 31) + letter.charCodeAt(0)) >>> 0, seed >>> 0);

describe("programs that are operations of the kernel", () => {
  const members: Members = [
    ["first", "run"],
    ["second", "run"],
  ];
  const object = structOf("ops___old", members);
  const kernel = structOf("ops", [["name", "name"], ...members], true);
  const none = structOf("none", []);
  const base = read("spec-struct-ops.bpf.o");
  const program = base.programs.find(({ name }) => name === "init")!;
  const specOf = (...maps: MapSpec[]): CollectionSpec => ({ ...base, btf: object.btf, maps });
  const using = (name: string, ...ops: MemberProgram[]): MapSpec => mapOf(object, new Uint8Array(16), ops, name);

  it("are loaded as the kernel's member, of the kernel or of a module", async () => {
    const spec = specOf(
      using("one", { member: "second", program: "init" }),
      using("two", { member: "second", program: "init" }),
    );
    const { id } = kernel.type;
    const plan = await OpsPlan.make(spec, kernelOf(kernel));
    assert.deepEqual(plan.targetOf(program), { typeId: id, attachType: 2, object: undefined });
    const ofModule = await OpsPlan.make(spec, kernelOf(none, [{ id: 77, btf: kernel.btf }]));
    assert.deepEqual(ofModule.targetOf(program), { typeId: id, attachType: 2, object: 77 });
  });

  it("are one member each, and some", async () => {
    const twice = specOf(using("one", { member: "first", program: "init" }, { member: "second", program: "init" }));
    const plan = await OpsPlan.make(twice, kernelOf(kernel));
    assert.throws(() => plan.targetOf(program), {
      code: "BAD_OBJECT",
      message: /it is both ops\.first and ops\.second/,
    });
    const unused = await OpsPlan.make(specOf(using("one")), kernelOf(kernel));
    assert.throws(() => unused.targetOf(program), {
      code: "BAD_OBJECT",
      message: /no variable of section \.struct_ops has it/,
    });
  });

  it("are refused where the spec or the kernel does not have what they are", async () => {
    const make = (map: MapSpec, types = kernelOf(kernel)): Promise<OpsPlan> => OpsPlan.make(specOf(map), types);
    await assert.rejects(make(using("one"), kernelOf(none)), {
      code: "NOT_SUPPORTED",
      message: /no struct ops, nor has a module/,
    });
    const plainStruct = kernelOf(structOf("ops", members));
    await assert.rejects(make(using("one"), plainStruct), { message: /lets no program implement struct ops$/ });
    await assert.rejects(make(using("one", { member: "first", program: "gone" })), {
      code: "NOT_FOUND",
      message: /no such program$/,
    });
    await assert.rejects(make(using("one", { member: "third", program: "init" })), {
      code: "BAD_OBJECT",
      message: /no such member$/,
    });
    await assert.rejects(make({ ...using("one"), contents: new Uint8Array(9) }), {
      code: "BAD_OBJECT",
      message: /outside of its contents$/,
    });
    const twice = ["init", "undo_cwnd"].map((name) => ({ member: "first", program: name }));
    await assert.rejects(make(using("one", ...twice)), { code: "BAD_OBJECT", message: /member first stands twice/ });
    for (const broken of [{ contents: undefined }, { valueType: 0 }, { valueType: 1 }])
      await assert.rejects(make({ ...using("one"), ...broken }), {
        code: "BAD_OBJECT",
        message: /variables of section \.struct_ops/,
      });
    const shapes: readonly (readonly [Partial<MapSpec>, RegExp])[] = [
      [{ keySize: 8 }, /^Cannot load map one: its keys have 8 bytes, and those of struct_ops have 4$/],
      [{ maxEntries: 2 }, /it has 2 entries, .* have 1$/],
      [{ flags: MapFlag.MMAPABLE }, /its flags are 1024, .* BPF_F_LINK \(8192\) or none$/],
      [{ numaNode: 0 }, /it is of a NUMA node/],
      [{ mapExtra: 3n }, /its map_extra is 3, /],
    ];
    for (const [shape, message] of shapes)
      await assert.rejects(make({ ...using("one"), ...shape }), { code: "BAD_OBJECT", message });
    assert.equal((await make({ ...using("one"), autoload: false })).layoutOf("one"), undefined);
  });
});

describe("operations of the kernel without a link", () => {
  /** They are not withdrawn as long as `stuck` holds. */
  function keptOps(stuck: () => boolean): OpsLink {
    const withdraw = (): void => {
      if (stuck()) throw new EbpfError("NO_PRIVILEGE", "Cannot detach map kept: as told");
    };
    const map = { info: { name: "kept", id: 1 }, fill: () => {}, withdraw, fd: -1 } as unknown as KeptOps;
    const target = { kind: "struct_ops", struct: "ops" } as const;
    const parts = { sys: {} as Sys, map, opsOf: () => map, link: undefined, target };
    return new OpsLink(parts, () => {});
  }

  it("keep a process from locking itself down, until they are detached", async () => {
    let stuck = true;
    const link = keptOps(() => stuck);
    await using bpf = await load(read("memory.bpf.o"), { engine: "embedded" });
    const refused = { code: "BUSY", message: /\(map kept\) could not be detached any more, .* say readOnly: false$/ };
    await assert.rejects(bpf.lockDown({ capabilities: "keep", readOnly: true }), refused);
    await assert.rejects(link.close(), { code: "NO_PRIVILEGE" });
    await assert.rejects(bpf.lockDown({ capabilities: "keep", readOnly: true }), refused);
    stuck = false;
    await link.close();
    assert.deepEqual(lastingOperations(), []);
  });

  it("stay attached where they cannot be detached, until they can", async () => {
    let stuck = true;
    const links = new LiveLinks();
    const handle = { attach: async () => keptOps(() => stuck) };
    const link = await links.attach({ name: "kept", info: { keySize: 4 }, handle } as unknown as LinkedOps);
    const both = [link.detach(), link.close()];
    for (const end of both) await assert.rejects(end, { code: "NO_PRIVILEGE" });
    await assert.rejects(links.close(), { code: "NO_PRIVILEGE" });
    assert.deepEqual([link.attached, links.all], [true, [link]]);
    assert.equal(link.info.type, LinkType.STRUCT_OPS);
    stuck = false;
    await link.detach();
    await link.detach();
    assert.deepEqual([link.attached, links.all], [false, []]);
    assert.throws(() => link.info, { code: "CLOSED" });
  });
});

it("what is let go of step by step goes on after a step that fails", async () => {
  const taken: number[] = [];
  const step =
    (number: number, fails = false) =>
    async (): Promise<void> => {
      taken.push(number);
      if (fails) throw new Error(`step ${number}`);
    };
  await assert.rejects(takeAll([step(1), step(2, true), step(3, true), step(4)]), { message: "step 2" });
  assert.deepEqual(taken, [1, 2, 3, 4]);
});

describe("options of operations of the kernel", () => {
  const spec = read("spec-struct-ops.bpf.o");
  const [plain] = spec.maps.filter(({ ops }) => ops !== undefined);

  it("set members, and leave the spec as it is", () => {
    const before = JSON.stringify(spec);
    const map = withMembers(spec, plain!, { name: "other", flags: 2, init: null, ssthresh: "undo_cwnd" });
    assert.equal(new TextDecoder().decode(map.contents!.subarray(0, 6)), "other\0");
    assert.equal(map.contents![16], 2);
    assert.deepEqual(
      map.ops!.find(({ member }) => member === "ssthresh"),
      { member: "ssthresh", program: "undo_cwnd" },
    );
    assert.equal(
      map.ops!.some(({ member }) => member === "init"),
      false,
    );
    assert.equal(JSON.stringify(spec), before);
  });

  it("refuse what does not fit", async () => {
    const embedded = (options: LoadOptions): Promise<unknown> => load(spec, { engine: "embedded", ...options });
    const of = (options: object): LoadOptions => ({ maps: { plain: options } });
    const cases: readonly (readonly [LoadOptions, object])[] = [
      [of({ members: { nam: "x" } }), { code: "NOT_FOUND", message: /none of that name, did you mean name\?$/ }],
      [of({ members: { name: 5 } }), { code: "BAD_VALUE", message: /^Cannot set member name of map plain: / }],
      [of({ members: { flags: 2 ** 40 } }), { code: "BAD_VALUE" }],
      [
        of({ members: { init: "gone" } }),
        { code: "BAD_VALUE", message: /takes the name of a struct_ops program \(init, ssthresh/ },
      ],
      [of({ members: { init: 7 } }), { code: "BAD_VALUE" }],
      [
        of({ maxEntries: 2 }),
        { name: "TypeError", message: /option maxEntries, which maps of struct_ops do not have$/ },
      ],
      [of({ load: "yes" }), { name: "TypeError" }],
      [
        { maps: { ".bss": { members: {} } } },
        { name: "TypeError", message: /option members, which is for maps of struct_ops$/ },
      ],
    ];
    const many = read("struct-ops.bpf.o");
    const first = many.maps.find(({ name }) => name === "first")!;
    assert.throws(() => withMembers(many, first, { init: "zzz" }), {
      code: "BAD_VALUE",
      message: /\(first_init, second_init, ssthresh, cong_avoid, undo_cwnd, not_in_any_kernel\), or null$/,
    });
    for (const [options, error] of cases) await assert.rejects(embedded(options), error, JSON.stringify(options));
  });

  it("keep them from the embedded engine, which says that it has none", async () => {
    await assert.rejects(load(spec, { engine: "embedded" }), {
      code: "NOT_SUPPORTED",
      message:
        /map plain: the embedded engine has no maps of type STRUCT_OPS: it has no kernel that would call the programs \(struct_ops\)/,
    });
    await using bpf = await load(spec, { engine: "embedded", maps: { plain: { load: false } } });
    assert.deepEqual([...bpf.programs.keys()], []);
    assert.deepEqual(await bpf.attach(), []);
    assert.throws(() => bpf.structOps("plain"), { code: "NOT_SUPPORTED" });
    assert.throws(() => bpf.map("plain"), { name: "TypeError", message: /open it with structOps\(\)$/ });
  });
});
