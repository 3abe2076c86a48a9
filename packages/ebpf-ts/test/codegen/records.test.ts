import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { generateModule } from "../../src/codegen/index.ts";
import { compile } from "../../src/compile/index.ts";
import { compilersOrSkip } from "../support/requirements.ts";
import { compilers, Scratch } from "./compilers.ts";

/** Nothing but DWARF says what is in these rings, and a map has one of the types too. */
const source = `
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char LICENSE[] SEC("license") = "GPL";
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 4096); } one SEC(".maps"), several SEC(".maps");
struct began { __u64 time; __u32 pid; };
struct ended { __u64 time; __u32 pid; __u64 code[2]; };
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 4); __type(key, __u32); __type(value, struct began); } last SEC(".maps");
SEC("syscall") int writes(void *context)
{
	struct began *began = bpf_ringbuf_reserve(&one, sizeof(*began), 0);
	if (began) { began->time = 1; began->pid = 2; bpf_ringbuf_submit(began, 0); }
	struct began *first = bpf_ringbuf_reserve(&several, sizeof(*first), 0);
	if (first) { first->time = 1; first->pid = 2; bpf_ringbuf_submit(first, 0); }
	struct ended *second = bpf_ringbuf_reserve(&several, sizeof(*second), 0);
	if (second) { second->time = 1; second->pid = 2; second->code[0] = 3; bpf_ringbuf_submit(second, 0); }
	return 0;
}
`;

describe("records whose type DWARF tells", { skip: compilersOrSkip("clang-19") }, () => {
  let folder = "";
  let text = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "ebpf-records-"));
    await writeFile(join(folder, "writes.bpf.c"), source);
    const { object } = await compile(join(folder, "writes.bpf.c"), { clang: "clang-19" });
    text = await generateModule(object, { path: "./writes.bpf.o" });
  });
  after(() => rm(folder, { recursive: true }));

  it("have it in the module, once, also where BTF has it as well", () => {
    for (const part of [
      "readonly one: RingOf<Began>;",
      "readonly last: MapOf<number, Began>;",
      "export interface Ended {",
      "code: bigint[];",
    ])
      assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
    assert.equal(text.split("export interface Began").length, 2, text);
  });

  it("are a union where there are several, beside bytes that are none of them", () => {
    assert.match(text, /readonly several: RingBuf<(Began \| Ended|Ended \| Began) \| Uint8Array, Uint8Array>;/);
    const scratch = new Scratch();
    try {
      scratch.write("writes.ts", text);
      for (const compiler of compilers) assert.equal(scratch.compile(compiler), "");
      scratch.format(80);
      assert.equal(scratch.read("writes.ts"), text);
    } finally {
      scratch.remove();
    }
  });
});
