/** What everybody does wrong once: errors that name what was meant. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { load } from "../../src/index.ts";
import { hostedEmbeddedEngine } from "../../src/engine/embedded/node-host.ts";
import { fixturePath } from "../support/fixtures.ts";
import { ptraceOrSkip } from "../ptrace/machine.ts";
import { onEachEngine } from "./fixture.ts";

onEachEngine("first mistakes", (engine) => {
  it("a name that the object does not have: the one that was probably meant is named", async () => {
    await using bpf = await load(fixturePath("ring.bpf.o"), { engine });
    const hint = { code: "NOT_FOUND", message: /, did you mean events\?$/ };
    assert.throws(() => bpf.map("evnts"), hint);
    assert.throws(() => bpf.ringBuf("event"), hint);
    assert.throws(() => bpf.map("elsewhere"), { code: "NOT_FOUND", message: /the object has [^?]*$/ });
    await assert.rejects(load(fixturePath("globals.bpf.o"), { engine, only: "touched" }), /, did you mean touch\?$/);
  });

  it("a command in place of its promise: its member is named", async () => {
    await using bpf = await load(fixturePath("ring.bpf.o"), { engine });
    const until = { exited: Promise.resolve() } as never;
    assert.throws(() => bpf.ringBuf("events").events({ until }), {
      name: "TypeError",
      message: /must be a promise, such as the command's exited, not an object/,
    });
  });

  it("what is no object: the file is named, and what C is to become", async () => {
    const folder = mkdtempSync(join(tmpdir(), "first-mistakes-"));
    const write = (name: string): string => {
      writeFileSync(join(folder, name), "int main;\n");
      return join(folder, name);
    };
    try {
      const [source, text] = [write("a.bpf.c"), write("a.ts")];
      await assert.rejects(load(source, { engine }), {
        message: `Cannot read ${source}: it is C, ebpf build makes an object of it`,
      });
      await assert.rejects(load(text, { engine }), (error: Error) =>
        error.message.startsWith(`Cannot read ${text}: The file is not an ELF file`),
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("a path from another folder: where it was looked for is told", async () => {
    await assert.rejects(load("none.bpf.o", { engine }), {
      code: "NOT_FOUND",
      message: `Cannot read none.bpf.o: there is no such file in ${process.cwd()}`,
    });
    await assert.rejects(load("/none.bpf.o", { engine }), {
      message: "Cannot read /none.bpf.o: there is no such file",
    });
  });
});

describe("first mistakes that are told by a warning", { skip: ptraceOrSkip() }, () => {
  async function warningsOf(attaches: boolean): Promise<string[]> {
    const warnings: string[] = [];
    const keep = ({ name, message }: Error): void => void (name === "EbpfWarning" && warnings.push(message));
    process.on("warning", keep);
    try {
      await using bpf = await load(fixturePath("tracepoint.bpf.o"), { engine: "embedded" });
      if (attaches) await bpf.attach();
      await (
        await bpf.spawn("true")
      ).exited;
    } finally {
      process.off("warning", keep);
    }
    return warnings;
  }

  it("a command that ends before anything was attached", async () => {
    assert.deepEqual(await warningsOf(true), []);
    const [warning, ...others] = await warningsOf(false);
    assert.match(warning!, /^No program was attached while the command ran, .*: call attach\(\)/);
    assert.deepEqual(others, []);
  });
});

describe("an engine that nobody has named", () => {
  it("what it does not have: why it was taken is told", async () => {
    const engine = { ...(await hostedEmbeddedEngine()), takenSince: "Cannot use the kernel: needs root" };
    await assert.rejects(load(fixturePath("core-kernel.bpf.o"), { engine }), {
      code: "NOT_SUPPORTED",
      message: /; engine "auto" has taken the embedded engine \(Cannot use the kernel: needs root\)$/,
    });
  });
});

onEachEngine("a command that is killed without the name of a signal", (engine) => {
  it("is sent SIGTERM", { skip: engine === "embedded" && ptraceOrSkip() }, async () => {
    await using bpf = await load(fixturePath("tracepoint.bpf.o"), { engine, scope: "command" });
    await bpf.attach();
    const command = await bpf.spawn("sleep", ["1000"]);
    command.kill();
    assert.deepEqual(await command.exited, { code: undefined, signal: "SIGTERM" });
  });
});
