import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { numberAt, putNumber } from "../../src/uapi/fields.ts";
import { BpfLineInfo, BpfLinkInfo, BpfMapInfo, PerfEventAttr, Pollfd } from "../../src/uapi/structs.gen.ts";
import type { Layout } from "../../src/uapi/layout.ts";
import { readValues, writeValues } from "../../src/uapi/values.ts";

function blank(layout: Layout): DataView<ArrayBuffer> {
  return new DataView(new ArrayBuffer(layout.size));
}

describe("fields of the kernel's structs", () => {
  it("are written where the layout says, with the width that it says", () => {
    const view = blank(BpfMapInfo);
    const values = {
      type: 27,
      max_entries: 0xffff_ffff,
      name: new TextEncoder().encode("events"),
      map_extra: 2n ** 63n,
    };
    assert.equal(writeValues(view, 0, BpfMapInfo.fields, values), 88);
    assert.equal(view.getUint32(0, true), 27);
    assert.equal(view.getUint32(16, true), 0xffff_ffff);
    assert.equal(Buffer.from(view.buffer).toString("latin1", 24, 31), "events\0");
    assert.equal(view.getBigUint64(80, true), 2n ** 63n);
    const read = readValues(view, 0, BpfMapInfo.fields);
    assert.deepEqual([read.type, read.max_entries, read.name, read.map_extra], [27, 0xffff_ffff, "events", 2n ** 63n]);
  });

  it("a text keeps its NUL, and what is too long is cut", () => {
    const view = blank(BpfMapInfo);
    writeValues(view, 0, BpfMapInfo.fields, { name: new Uint8Array(40).fill(0x61) });
    assert.equal(readValues(view, 0, BpfMapInfo.fields).name, "a".repeat(15));
  });

  it("bits leave their neighbours alone, across bytes too", () => {
    const view = blank(PerfEventAttr);
    const end = writeValues(view, 0, PerfEventAttr.fields, { watermark: 1, precise_ip: 3, write_backward: 1 });
    assert.equal(end, 48);
    assert.equal(view.getBigUint64(40, true), (1n << 14n) | (3n << 15n) | (1n << 27n));
    writeValues(view, 0, PerfEventAttr.fields, { precise_ip: 2, sigtrap: 1 });
    assert.equal(view.getBigUint64(40, true), (1n << 14n) | (2n << 15n) | (1n << 27n) | (1n << 37n));
    const { watermark, precise_ip, mmap_data, sigtrap } = readValues(view, 0, PerfEventAttr.fields);
    assert.deepEqual([watermark, precise_ip, mmap_data, sigtrap], [1, 2, 0, 1]);
  });

  it("a struct within is written by its own fields", () => {
    const view = blank(BpfLinkInfo);
    const end = writeValues(view, 0, BpfLinkInfo.fields, { perf_event: { kprobe: { offset: 7, missed: 9 } } });
    assert.equal(end, BpfLinkInfo.fields.perf_event.fields.kprobe.fields.missed.end);
    const { kprobe } = readValues(view, 0, BpfLinkInfo.fields).perf_event;
    assert.deepEqual([kprobe.offset, kprobe.missed], [7, 9n]);
  });

  it("numbers keep their sign, and 64 bits up to 2^53", () => {
    const view = blank(Pollfd);
    putNumber(view, 0, Pollfd.fields.fd, -1);
    putNumber(view, 0, Pollfd.fields.events, -2);
    assert.deepEqual([numberAt(view, 0, Pollfd.fields.fd), numberAt(view, 0, Pollfd.fields.events)], [-1, -2]);
    const wide = new DataView(new ArrayBuffer(8));
    for (const kind of ["u64", "s64"] as const) {
      for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
        putNumber(wide, 0, { at: 0, end: 8, kind }, value);
        assert.equal(wide.getBigUint64(0, true), BigInt(value));
        assert.equal(numberAt(wide, 0, { at: 0, end: 8, kind }), value);
      }
    }
    putNumber(wide, 0, { at: 0, end: 8, kind: "s64" }, -5);
    assert.equal(numberAt(wide, 0, { at: 0, end: 8, kind: "s64" }), -5);
  });

  it("records in a row are told apart by where they begin", () => {
    const view = new DataView(new ArrayBuffer(2 * BpfLineInfo.size));
    writeValues(view, BpfLineInfo.size, BpfLineInfo.fields, { insn_off: 5 });
    assert.equal(view.getUint32(0, true), 0);
    assert.equal(readValues(view, BpfLineInfo.size, BpfLineInfo.fields).insn_off, 5);
  });

  it("a name that the struct does not have is an error", () => {
    const values = { type_: 1 } as { type?: number };
    assert.throws(() => writeValues(blank(BpfMapInfo), 0, BpfMapInfo.fields, values), /no field type_/);
  });
});
