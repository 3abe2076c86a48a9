import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { addressOf } from "../../src/sys/ffi/libc.ts";
import { BpfAttr, BpfMapInfo } from "../../src/uapi/structs.gen.ts";

describe("the argument of a system call", { skip: process.platform !== "linux" && "Linux only" }, () => {
  it("is as long as the last field that was set, so that old kernels need not know the rest", () => {
    const attributes = new KernelStruct(BpfAttr.map_create, { map_type: 1, map_flags: 0 });
    assert.equal(attributes.size, 20);
    assert.equal(attributes.bytes.length, BpfAttr.map_create.size);
    assert.equal(attributes.assign({ map_extra: 0 }).size, 72);
    assert.equal(attributes.assign({ map_type: 2, map_token_fd: undefined }).size, 72);
    assert.equal(new KernelStruct(BpfAttr.elem).put(BpfAttr.elem.fields.flags, 1).size, 32);
    assert.equal(new KernelStruct(BpfAttr.link_create, { perf_event: { bpf_cookie: 1n } }).size, 24);
  });

  it("points at memory, which it keeps, and at texts with a NUL at their end", () => {
    const memory = new Uint8Array(8);
    const attributes = new KernelStruct(BpfAttr.obj, { pathname: memory });
    assert.equal(attributes.values.pathname, BigInt(addressOf(memory)));
    assert.notEqual(attributes.assign({ pathname: "/sys/fs/bpf/x" }).values.pathname, BigInt(addressOf(memory)));
  });

  it("is written and read by fields too", () => {
    const { map_fd, flags } = BpfAttr.elem.fields;
    const attributes = new KernelStruct(BpfAttr.elem).put(map_fd, 5).put(flags, 2 ** 40);
    assert.deepEqual([attributes.number(map_fd), attributes.number(flags)], [5, 2 ** 40]);
  });

  it("knows the names and the widths of its fields", () => {
    const info = new KernelStruct(BpfMapInfo);
    const { id, map_extra, name }: { id: number; map_extra: bigint; name: string } = info.values;
    assert.deepEqual([id, map_extra, name], [0, 0n, ""]);
    // @ts-expect-error -- there is no such field
    assert.throws(() => info.assign({ ids: 1 }), TypeError);
    // @ts-expect-error -- 64 bits are read as a bigint
    const wide: number = info.values.map_extra;
    assert.equal(typeof wide, "bigint");
    // @ts-expect-error -- a text is no number
    assert.throws(() => info.assign({ name: 1 }), TypeError);
    // @ts-expect-error -- 32 bits take no bigint
    info.assign({ id: 1n });
    // @ts-expect-error -- nor do they point at anything
    info.assign({ id: "text" });
    // @ts-expect-error -- a field of another struct
    info.put(BpfAttr.link_create.fields.kprobe_multi.fields.cookies, 1);
  });
});
