/** Programs with our usdt.bpf.h: what whoever attaches writes is in the layout of libbpf, and arguments are read as it says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Btf } from "../../src/btf/types.ts";
import type { Collection } from "../../src/collection/collection.ts";
import { findExecutableSymbol } from "../../src/elf/executable/find-symbol.ts";
import { load, type LoadOptions } from "../../src/load.ts";
import { parse } from "../../src/spec/parse.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, type SkipReason } from "../support/requirements.ts";

const objects = ["usdt.bpf.o", "clang-14/usdt.bpf.o", "clang-15/usdt.bpf.o", "clang-16/usdt.bpf.o"];

/** The fixture is for the registers of x86-64. */
const skip: SkipReason = process.arch === "x64" ? kernelOrSkip() : `the fixture is for x64, this is ${process.arch}`;

/** Bytes from the start of the kernel's struct pt_regs. */
const register = { rcx: 88, rdx: 96, rsi: 104 } as const;

interface Place {
  readonly arg_type: number;
  readonly val_off?: bigint;
  readonly reg_off?: number;
  readonly idx_reg_off?: number;
  readonly scale_bitshift?: number;
  readonly arg_signed?: boolean;
  readonly arg_bitshift?: number;
}

const [CONST, REG, DEREF, SIB] = [0, 1, 2, 3] as const;

/** prctl(option, text, c, n): c in rdx, the low byte of n in rcx, what lies at text + 8, and at text + 8 * n + 4. */
const places: readonly Place[] = [
  { arg_type: REG, reg_off: register.rdx, arg_signed: true, arg_bitshift: 32 },
  { arg_type: CONST, val_off: 0xffff_fff7n, arg_signed: true, arg_bitshift: 32 },
  { arg_type: REG, reg_off: register.rcx, arg_bitshift: 56 },
  { arg_type: DEREF, reg_off: register.rsi, val_off: 8n, arg_signed: true, arg_bitshift: 32 },
  { arg_type: SIB, reg_off: register.rsi, idx_reg_off: register.rcx, scale_bitshift: 3, val_off: 4n, arg_bitshift: 48 },
];

function specOf(cookie: bigint): object {
  const none = { val_off: 0n, arg_type: 0, idx_reg_off: 0, scale_bitshift: 0, __reserved: 0 };
  const empty = { ...none, reg_off: 0, arg_signed: false, arg_bitshift: 0 };
  const args = Array.from({ length: 12 }, (_, index) => ({ ...empty, ...places[index] }));
  return { args, usdt_cookie: cookie, arg_cnt: places.length };
}

const wanted = {
  number: -5n,
  constant: -9n,
  part: 3n,
  word: BigInt(Buffer.from("ab\u00ff").readInt32LE()),
  element: BigInt(Buffer.from("xy").readUInt16LE()),
  cookie: 77n,
  count: 5,
  missing: -2,
  impossible: -2,
};

const libc = (): string => /\S+\/libc\.so\.6$/m.exec(readFileSync("/proc/self/maps", "utf8"))![0];

/** Where a function of the C library lies in this process. */
function addressOf(symbol: string): bigint {
  const file = readFileSync(libc());
  const read = (offset: number, length: number): Uint8Array => file.subarray(offset, offset + length);
  const { offset } = findExecutableSymbol({ size: file.length, read }, symbol);
  for (const line of readFileSync("/proc/self/maps", "utf8").split("\n")) {
    const match = /^([\da-f]+)-([\da-f]+) r-xp ([\da-f]+) .*\/libc\.so\.6$/.exec(line);
    if (match === null) continue;
    const [start, end, from] = match.slice(1).map((hex) => BigInt(`0x${hex}`));
    const address = start! + BigInt(offset) - from!;
    if (address >= start! && address < end!) return address;
  }
  throw new Error(`${symbol} is not mapped`);
}

/** With an option that there is not. `text` has letters of two bytes: a number there is below 0. */
function prctl(): void {
  const text = `--------ab\u00ff----------------xy--`;
  assert.equal(func("int prctl(int option, const char *text, long c, long n)")(-1, text, -5, 3), -1);
}

async function seen(object: string, prepare: (bpf: Collection) => void, options: LoadOptions = {}): Promise<unknown[]> {
  const spec = parse(readFileSync(fixturePath(object)));
  // Attached to a function, with what stands for its arguments written by hand.
  for (const program of spec.programs) if (program.kind === "usdt") program.kind = "uprobe";
  await using bpf = await load(spec, { engine: "kernel", variables: { only_tgid: process.pid }, ...options });
  prepare(bpf);
  const target = { kind: "uprobe", path: libc(), symbol: "prctl", pid: process.pid } as const;
  await using link = await bpf.program("on_probe").attach(target);
  prctl();
  await link.detach();
  const events: unknown[] = [];
  for await (const event of bpf.ringBuf("events").events({ until: Promise.resolve() })) events.push(event);
  return events;
}

describe("usdt.bpf.h", { skip }, () => {
  for (const object of objects) {
    it(`${object}: arguments in registers, in memory, and constants, by the cookie of the attachment`, async () => {
      // An attachment without a cookie has the cookie 0.
      const events = await seen(object, (bpf) => bpf.map("__bpf_usdt_specs").set(0, specOf(77n)));
      assert.deepEqual(events, [wanted]);
    });

    it(`${object}: the same by the address, where kernels have no cookies`, async () => {
      const events = await seen(
        object,
        (bpf) => {
          bpf.map("__bpf_usdt_specs").set(9, specOf(77n));
          bpf.map("__bpf_usdt_ip_to_spec_id").set(addressOf("prctl"), 9);
        },
        { kconfig: { LINUX_HAS_BPF_COOKIE: false } },
      );
      assert.deepEqual(events, [wanted]);
    });
  }

  it("an address of which nobody has said anything: no arguments, and errors", async () => {
    const [event] = await seen("usdt.bpf.o", () => {}, { kconfig: { LINUX_HAS_BPF_COOKIE: false } });
    const nothing = { number: 0n, constant: 0n, part: 0n, word: 0n, element: 0n, cookie: 0n };
    assert.deepEqual(event, { ...nothing, count: -3, missing: -3, impossible: -3 });
  });
});

describe("the maps of usdt.bpf.h", () => {
  /** `struct usdt_spec` in libbpf's usdt.c, since libbpf 1.7. Before that, arguments had 16 bytes each and no index. */
  const layout = {
    args: [0, 0],
    "args.val_off": [0, 0],
    "args.arg_type": [64, 8],
    "args.idx_reg_off": [80, 12],
    "args.scale_bitshift": [92, 4],
    "args.__reserved": [96, 8],
    "args.reg_off": [112, 0],
    "args.arg_signed": [128, 0],
    "args.arg_bitshift": [136, 0],
    usdt_cookie: [12 * 24 * 8, 0],
    arg_cnt: [12 * 24 * 8 + 64, 0],
  };

  /** Bits from the start of the struct, and of a bitfield how many. */
  function membersOf(btf: Btf, id: number, before: string): [string, [number, number]][] {
    const type = btf.resolve(id);
    if (type.kind !== "struct") return [];
    return type.members.flatMap((member): [string, [number, number]][] => {
      const inner = btf.resolve(member.type);
      const name = `${before}${member.name}`;
      const own: [string, [number, number]] = [name, [member.bitOffset, member.bitSize]];
      return [own, ...(inner.kind === "array" ? membersOf(btf, inner.type, `${name}.`) : [])];
    });
  }

  for (const object of objects) {
    it(`${object}: are those that libbpf fills in`, () => {
      const spec = parse(new Uint8Array(readFileSync(fixturePath(object))));
      const shapes = spec.maps
        .filter(({ name }) => name.startsWith("__bpf_usdt"))
        .map(({ name, type, keySize, valueSize, maxEntries }) => ({ name, type, keySize, valueSize, maxEntries }));
      assert.deepEqual(shapes, [
        { name: "__bpf_usdt_specs", type: 2, keySize: 4, valueSize: 304, maxEntries: 256 },
        { name: "__bpf_usdt_ip_to_spec_id", type: 1, keySize: 8, valueSize: 4, maxEntries: 1024 },
      ]);
      const { valueType } = spec.maps.find(({ name }) => name === "__bpf_usdt_specs")!;
      assert.deepEqual(Object.fromEntries(membersOf(spec.btf!, valueType, "")), layout);
    });
  }
});
