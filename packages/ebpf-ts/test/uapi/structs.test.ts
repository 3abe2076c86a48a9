/** The generated layouts are those of the kernel that runs: fields that both have stand at the same place. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { parseBtf } from "../../src/btf/index.ts";
import type { Btf, BtfComposite, BtfMember } from "../../src/btf/types.ts";
import type { Field, LayoutFields, Layout } from "../../src/uapi/layout.ts";
import * as structs from "../../src/uapi/structs.gen.ts";
import { isLinuxAtLeast, orFail } from "../support/requirements.ts";

const path = "/sys/kernel/btf/vmlinux";
const skip = orFail(existsSync(path) ? false : `this kernel does not tell its types: there is no ${path}`);
const other = process.arch === "x64" ? "Arm64" : "X64";

const layouts: (readonly [string, Layout])[] = [];
for (const [name, layout] of Object.entries<Layout | Readonly<Record<string, Layout>>>(structs)) {
  if (name.endsWith(other)) continue;
  if (isLayout(layout)) layouts.push([name, layout]);
  else layouts.push(...Object.entries(layout));
}

function isLayout(layout: Layout | Readonly<Record<string, Layout>>): layout is Layout {
  return typeof layout.name === "string";
}

let known: Btf | undefined;

function kernelTypes(): Btf {
  known ??= parseBtf(readFileSync(path));
  return known;
}

function compositeOf(btf: Btf, id: number): BtfComposite | undefined {
  const type = btf.resolve(id);
  return type.kind === "struct" || type.kind === "union" ? type : undefined;
}

/**
 * The kernel's type. Of a union of commands it is the part of that name, or the one without a name that begins with the same field: the first
 * that does, since later parts have names, which an older kernel may lack.
 */
function typeOf(btf: Btf, name: string, layout: Layout): BtfComposite | undefined {
  const [type] = btf.find(layout.name.replace(/___\w+$/, ""));
  const whole = type === undefined ? undefined : compositeOf(btf, type.id);
  if (layout.name !== "bpf_attr" || whole === undefined) return whole;
  const first = Object.keys(layout.fields)[0]!;
  const owner = Object.entries(structs.BpfAttr).find(([, { fields }]) => Object.keys(fields)[0] === first)?.[0];
  const begins = (member: BtfMember): boolean =>
    owner === name && member.name === "" && firstName(btf, member) === first;
  const part = whole.members.find((member) => member.name === name) ?? whole.members.find(begins);
  return part === undefined ? undefined : compositeOf(btf, part.type);
}

function firstName(btf: Btf, { name, type }: BtfMember): string {
  const [member] = name === "" ? (compositeOf(btf, type)?.members ?? []) : [];
  return member === undefined ? name : firstName(btf, member);
}

interface Found {
  readonly member: BtfMember;
  /** Bits from the start of the struct. */
  readonly at: number;
}

/** Those of structs and unions without a name belong to what they are in. */
function memberOf(btf: Btf, type: BtfComposite, name: string, start: number = 0): Found | undefined {
  for (const member of type.members) {
    const at = start + member.bitOffset;
    if (member.name === name) return { member, at };
    const within = member.name === "" ? compositeOf(btf, member.type) : undefined;
    const found = within === undefined ? undefined : memberOf(btf, within, name, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Bits: where it begins, and how many it is. */
function placeOf(field: Field): readonly [number, number] {
  return field.kind === "bits" ? [field.at * 8 + field.shift, field.width] : [field.at * 8, (field.end - field.at) * 8];
}

/** Compares what both have, and gives the number of those fields. */
function compare(btf: Btf, type: BtfComposite, fields: LayoutFields, start: number): number {
  let count = 0;
  for (const [name, field] of Object.entries(fields)) {
    const found = memberOf(btf, type, name);
    if (found === undefined) continue;
    const { member, at } = found;
    const [place, width] = placeOf(field);
    const what = `${type.name} ${name}`;
    assert.equal(place, start + at, `${what}: where it begins`);
    const within = field.kind === "struct" ? compositeOf(btf, member.type) : undefined;
    if (field.kind === "struct" && within !== undefined) count += compare(btf, within, field.fields, start + at);
    else assert.equal(width, member.bitSize === 0 ? btf.sizeOf(member.type) * 8 : member.bitSize, `${what}: its width`);
    count += 1;
  }
  return count;
}

/** What came after Linux 6.1, and when: an older kernel has no such part, and there is nothing to compare. */
const newer: Readonly<Record<string, string>> = {
  token_create: "6.9",
  prog_stream_read: "6.17",
  prog_assoc_struct_ops: "7.0",
};

/** Those that the running kernel has. */
function ofThisKernel(): typeof layouts {
  const btf = kernelTypes();
  return layouts.filter(([name, layout]) => typeOf(btf, name, layout) !== undefined);
}

describe("layouts of the kernel's structs", { skip }, () => {
  const here = skip === false ? ofThisKernel() : [];
  for (const [name, layout] of here) {
    it(`${layout.name}: ${name}`, () => {
      const btf = kernelTypes();
      assert.ok(compare(btf, typeOf(btf, name, layout)!, layout.fields, 0) > 0, "the two have fields in common");
    });
  }

  it("are all compared that this kernel is to have", () => {
    const compared = new Set(here.map(([name]) => name));
    const missing = layouts.filter(([name]) => !compared.has(name)).map(([name]) => name);
    assert.deepEqual(
      missing.filter((name) => isLinuxAtLeast(newer[name] ?? "6.1")),
      [],
    );
  });

  it("a field that has moved is found", () => {
    const btf = kernelTypes();
    const { type } = structs.BpfMapInfo.fields;
    const moved = { ...structs.BpfMapInfo.fields, type: { ...type, at: 1 } };
    const kernel = typeOf(btf, "BpfMapInfo", structs.BpfMapInfo)!;
    assert.throws(() => compare(btf, kernel, moved, 0), /type: where it begins/);
  });
});
