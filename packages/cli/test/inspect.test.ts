import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { ebpf, root } from "./ebpf.ts";

/** Committed to be refused by name: everything in `bad/`, and these. */
const refused = /\/bad\/|spec-(builtin|data-pointers)\.bpf\.o$/;

const objects = ["packages/ebpf-ts/test/fixtures", "examples", "packages/ebpf-ts/src"]
  .flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  )
  .filter((path) => path.endsWith(".bpf.o") && !path.includes("node_modules"));

describe("ebpf inspect", () => {
  it("finds the objects to try", () => assert.ok(objects.length > 20));

  for (const object of objects.filter((path) => !refused.test(path))) {
    it(object, async () => {
      const [code, json] = await Promise.all([
        ebpf(["inspect", object, "--disasm"]),
        ebpf(["inspect", object, "--json"]),
      ]);
      assert.deepEqual([code.code, json.code], [0, 0], code.stderr + json.stderr);
      const spec = JSON.parse(json.stdout);
      for (const program of spec.programs) {
        assert.ok(code.stdout.includes(`${program.name} (${program.section}):`));
      }
    });
  }

  it("says what is left out of the types, and why it believes a type of records", async () => {
    const fixture = (name: string): string => `packages/ebpf-ts/test/fixtures/${name}.bpf.o`;
    const plain = await ebpf(["inspect", fixture("spec-plain-c")]);
    assert.match(
      plain.stdout,
      /^Left out   BTF type \d+ \(struct plain\) has its member complex of type 0, which is a void$/m,
    );
    const writers = await ebpf(["inspect", fixture("spec-writers")]);
    assert.match(writers.stdout, /^ *RING +TYPE +BYTES +WHY$/m);
    assert.match(writers.stdout, /^ *named +struct eight +8 +named by named__record$/m);
    assert.match(writers.stdout, /^ *beside +bytes +not known: nothing tells what write_all, instruction \d+ writes/m);
  });

  it("shows which programs are the operations of the kernel", async () => {
    const { stdout } = await ebpf(["inspect", "packages/ebpf-ts/test/fixtures/spec-struct-ops.bpf.o"]);
    assert.match(stdout, /^ *plain +struct_ops +4 bytes +struct tcp_congestion_ops +1$/m);
    assert.match(stdout, /^ *MAP +MEMBER +PROGRAM$/m);
    assert.match(stdout, /^ *plain +cong_avoid +cong_avoid$/m);
  });

  it("shows the C line above its instructions", async () => {
    const { stdout } = await ebpf(["inspect", "examples/user-ringbuf/user_ringbuf.bpf.o", "--disasm"]);
    assert.match(
      stdout,
      /; bpf_user_ringbuf_drain\(.*\n +\d+: r1 = map\[user_ringbuf\] ll\n(.*\n)* +\d+: call bpf_user_ringbuf_drain#209\n/,
    );
  });

  it("lists every map of an object with many", async () => {
    const { stdout } = await ebpf(["inspect", "packages/ebpf-ts/test/fixtures/maps.bpf.o"]);
    for (const map of [
      "array",
      "percpu_array",
      "hash",
      "lazy_hash",
      "percpu_hash",
      "lru_hash",
      "mapped_array",
      "wide_hash",
    ]) {
      assert.match(stdout, new RegExp(`^ +${map} +`, "m"));
    }
    assert.match(stdout, /wide_hash +hash +struct wide_key +struct wide_value +4/);
  });

  it("names the types of events", async () => {
    const { stdout } = await ebpf(["inspect", "examples/user-ringbuf/user_ringbuf.bpf.o"]);
    assert.match(stdout, /kernel_ringbuf +struct event +20/);
    assert.match(stdout, /user_ringbuf +struct sample +20/);
  });
});
