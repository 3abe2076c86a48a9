import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { promisify } from "node:util";
import { BtfBuilder } from "../../src/btf/btf-builder.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { load } from "../../src/load.ts";
import { onEachEngine } from "../suite/fixture.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { moduleUrl } from "./kernel-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-btf-"));
after(() => rmSync(folder, { recursive: true }));

/** Reads a field that no kernel has. */
const object = fixturePath("bad/core-missing-field.bpf.o");

function file(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** That nobody writes. */
function pipe(): string {
  const path = join(folder, "pipe");
  if (!existsSync(path)) execFileSync("mkfifo", [path]);
  return path;
}

/** Types of a kernel that has it, after the 16 bytes that the kernel keeps for itself. */
function typesWithColour(): Uint8Array {
  const builder = new BtfBuilder();
  const type = builder.int("long", 8, "signed");
  const members = [{ name: "colour", type, bitOffset: 128, bitSize: 0 }];
  builder.add({ kind: "struct", name: "trace_event_raw_sys_enter", size: 24, members });
  return builder.bytes();
}

describe("kernel: types in a file", { skip: kernelOrSkip() }, () => {
  const own = file("own.btf", typesWithColour());

  it("are where CO-RE finds fields", async () => {
    await using bpf = await load(object, { engine: "kernel", btf: own });
    assert.ok(bpf.program("enter_kill").info.id > 0);
  });

  it("do without those of the kernel", async () => {
    // In a mount namespace of its own, where the folder of the kernel's types is empty.
    const script = `
      const { load } = await import(${JSON.stringify(moduleUrl("load.js"))});
      const attempt = (options) => load(${JSON.stringify(object)}, { engine: "kernel", ...options }).then((bpf) => bpf.close(), (error) => error.code + " " + error.message);
      console.log(JSON.stringify([await attempt({}), (await attempt({ btf: ${JSON.stringify(own)} })) ?? "loaded"]));
    `;
    const mount = 'mount -t tmpfs none /sys/kernel/btf; exec "$0" --input-type=module -e "$1"';
    const { stdout } = await promisify(execFile)("unshare", ["-m", "sh", "-c", mount, process.execPath, script]);
    const [without, given] = JSON.parse(stdout) as [string, string];
    assert.match(
      without,
      /^NOT_SUPPORTED .*no \/sys\/kernel\/btf\/vmlinux.*; for CO-RE alone a file of them does: option btf of load\(\)$/,
    );
    assert.equal(given, "loaded");
  });

  it("that have faults of their own are refused where CO-RE would look", () => refusals(object, "kernel"));
});

onEachEngine("types in a file that cannot be read", (engine) => {
  it("are refused with what to do, also where the object has nothing for CO-RE", async () => {
    await refusals(fixturePath("globals.bpf.o"), engine);
    await assert.rejects(load(object, { engine, btf: 1 as unknown as string }), TypeError);
  });

  it("that can be read are no matter to an object that has nothing for CO-RE", async () => {
    const path = file(`${engine}.btf`, typesWithColour());
    await using bpf = await load(fixturePath("globals.bpf.o"), { engine, btf: path });
    assert.equal(bpf.engine, engine);
  });
});

async function refusals(given: string, engine: EngineName): Promise<void> {
  const refused = (btf: string, code: string, message: RegExp): Promise<void> =>
    assert.rejects(load(given, { engine, btf }), { code, message });
  await refused(join(folder, "nothing"), "NOT_FOUND", /^Cannot read the types in .*: there is no such file$/);
  await refused(file("text", "types"), "BAD_BTF", /: it is no file of BTF$/);
  await refused(pipe(), "BAD_BTF", /: it is no file of BTF$/);
  await refused("/dev/zero", "BAD_BTF", /: it is no file of BTF$/);
  await refused(folder, "NOT_FOUND", /: it cannot be read \(EISDIR\)$/);
  await refused(object, "BAD_BTF", /: it is no file of BTF: take them out of it with llvm-objcopy --dump-section/);
  const cut = file("cut.btf", typesWithColour().subarray(0, 100));
  await refused(cut, "BAD_BTF", /^Cannot read the types in .*cut\.btf: BTF is truncated: /);
}
