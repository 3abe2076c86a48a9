import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { openDescriptors } from "../../src/sys/ffi/descriptor.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { mountBpffs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { bpftoolOrSkip, kernelOrSkip } from "../support/requirements.ts";
import { changedSys, loadFixture } from "./kernel-fixture.ts";

/** Objects that every kernel since 6.1 takes, and that libbpf can load as they are. */
const objects = ["subprograms", "loop", "tail-calls", "maps", "globals", "ring", "user-ring", "kernel-run"];

const run = promisify(execFile);

describe("kernel: loading", { skip: kernelOrSkip() }, () => {
  it("leaves no descriptor open, neither after close() nor after a failure", async () => {
    const before = openDescriptors().length;
    const collection = await loadFixture("maps");
    assert.ok(openDescriptors().length > before);
    await collection.close();
    await collection.close();
    assert.deepEqual(openDescriptors().slice(before), []);
    await assert.rejects(loadFixture("kernel-refused"), { code: "VERIFIER" });
    assert.deepEqual(openDescriptors().slice(before), []);
  });

  it("says so when something closed is used", async () => {
    const collection = await loadFixture("maps");
    const map = collection.maps.get("array")!;
    const program = collection.programs.get("array_lookup")!;
    await collection.close();
    const closed = { code: "CLOSED" };
    assert.throws(() => map.lookup(new Uint8Array(4)), closed);
    assert.throws(() => map.freeze!(), closed);
    assert.throws(() => collection.maps.get("mapped_array")!.memory!(), closed);
    await assert.rejects(program.run({}), closed);
  });

  it("does without BTF where the kernel refuses it", async () => {
    const sys = changedSys((real) => ({
      bpfAsync: async (command, attributes) =>
        command === Command.BTF_LOAD ? -Errno.EINVAL : real.bpfAsync(command, attributes),
    }));
    const collection = await loadFixture("kernel-run", { sys });
    assert.equal(collection.programs.size, 4);
    await collection.close();
  });
});

describe("kernel: libbpf is the judge", { skip: kernelOrSkip() || bpftoolOrSkip() }, () => {
  for (const name of objects) {
    it(`${name}: the same programs with the same tags`, async () => {
      const folder = mountBpffs();
      try {
        await run("bpftool", ["prog", "loadall", fixturePath(`${name}.bpf.o`), `${folder.path}/all`]);
        const expected: Record<string, string> = {};
        for (const program of readdirSync(`${folder.path}/all`)) {
          const { stdout } = await run("bpftool", [
            "--json",
            "prog",
            "show",
            "pinned",
            `${folder.path}/all/${program}`,
          ]);
          expected[program] = (JSON.parse(stdout) as { tag: string }).tag;
        }
        const collection = await loadFixture(name);
        const tags = Object.fromEntries([...collection.programs].map(([key, program]) => [key, program.info.tag]));
        await collection.close();
        assert.deepEqual(tags, expected);
      } finally {
        folder.unmount();
      }
    });
  }
});
