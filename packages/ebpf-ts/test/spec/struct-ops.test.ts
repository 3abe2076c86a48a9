import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { type CollectionSpec, MapFlag, type MapSpec, MapType, parse } from "../../src/spec/index.ts";
import { fixturePath } from "../support/fixtures.ts";

const plain = new Uint8Array(readFileSync(fixturePath("spec-struct-ops.bpf.o")));
const chosen = new Uint8Array(readFileSync(fixturePath("struct-ops.bpf.o")));

function mapOf(spec: CollectionSpec, name: string): MapSpec {
  const found = spec.maps.find((map) => map.name === name);
  assert.ok(found, `no ${name}`);
  return found;
}

/** The object with a section changed. */
function patched(bytes: Uint8Array, change: (view: DataView, section: Section) => void, name: string): Uint8Array {
  const copy = bytes.slice();
  const view = new DataView(copy.buffer);
  change(view, sectionOf(view, name));
  return copy;
}

interface Section {
  readonly at: number;
  readonly size: number;
}

/** By the section headers of ELF64, whose names are texts of a section that the header tells. */
function sectionOf(view: DataView, name: string): Section {
  const table = Number(view.getBigUint64(0x28, true));
  const headerAt = (index: number): number => table + index * 64;
  const namesAt = Number(view.getBigUint64(headerAt(view.getUint16(0x3e, true)) + 24, true));
  for (let index = 0; index < view.getUint16(0x3c, true); index++) {
    const header = headerAt(index);
    const text = new Uint8Array(view.buffer, namesAt + view.getUint32(header, true), name.length + 1);
    if (new TextDecoder().decode(text) !== `${name}\0`) continue;
    return { at: Number(view.getBigUint64(header + 24, true)), size: Number(view.getBigUint64(header + 32, true)) };
  }
  throw new Error(`there is no section ${name}`);
}

describe("struct_ops in an object", () => {
  it("are maps, whose members are programs and values", () => {
    const spec = parse(plain);
    const map = mapOf(spec, "plain");
    assert.deepEqual(
      [map.type, map.keySize, map.valueSize, map.maxEntries, map.flags, map.autoload],
      [MapType.STRUCT_OPS, 4, 56, 1, 0, true],
    );
    assert.deepEqual(map.ops, [
      { member: "init", program: "init" },
      { member: "ssthresh", program: "ssthresh" },
      { member: "cong_avoid", program: "cong_avoid" },
      { member: "undo_cwnd", program: "undo_cwnd" },
    ]);
    assert.equal(spec.btf?.nameOf(map.valueType), "struct tcp_congestion_ops");
    assert.equal(new TextDecoder().decode(map.contents?.subarray(0, 14)), "ebpf_ts_plain\0");
    assert.ok(map.contents?.subarray(16).every((byte) => byte === 0));
    assert.match(JSON.stringify(spec), /"ops":\[\{"member":"init","program":"init"\}/);
  });

  it("have links by their section, and wait to be asked for where it begins with a question mark", () => {
    const spec = parse(chosen);
    const of = (name: string): unknown[] => [mapOf(spec, name).flags, mapOf(spec, name).autoload];
    assert.deepEqual(of("first"), [MapFlag.LINK, false]);
    assert.deepEqual(of("incomplete"), [0, false]);
    assert.deepEqual(mapOf(spec, "second").ops?.[0], { member: "init", program: "second_init" });
    assert.equal(mapOf(spec, "second").valueSize, 72);
  });

  const refused = (bytes: Uint8Array, message: RegExp): void =>
    assert.throws(
      () => parse(bytes),
      (error) => error instanceof EbpfError && error.code === "BAD_OBJECT" && message.test(error.message),
    );

  it("are refused where an address stands in no pointer to a function", () => {
    const move = (to: bigint): Uint8Array =>
      patched(plain, (view, { at }) => view.setBigUint64(at, to, true), ".rel.struct_ops");
    refused(move(8n), /holds an address at byte 8, where struct tcp_congestion_ops has no pointer to a function$/);
    refused(move(0x19n), /holds an address at byte 25, where struct/);
    refused(move(0x20n), /two relocations for its member ssthresh$/);
    refused(move(0x31n), /^The relocation at offset 49 of section \.struct_ops belongs to no variable$/);
  });

  it("are refused where a member is no program of theirs", () => {
    const other = patched(plain, (view, { at }) => view.setUint32(at + 12, 0, true), ".rel.struct_ops");
    refused(other, /^Member init of plain is .*, which is no program of the kind struct_ops: give the function SEC/);
    const off = patched(plain, (view, { at }) => view.setUint32(at + 0x18, 8, true), ".struct_ops");
    refused(off, /^Member init of plain is init, which is no program of the kind struct_ops/);
  });
});
