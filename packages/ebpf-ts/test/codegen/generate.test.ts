import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { after, before, describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { generateDeclaration, generateModule } from "../../src/codegen/index.ts";
import { parse } from "../../src/spec/parse.ts";
import { fixturePath } from "../support/fixtures.ts";
import { compilers, root, Scratch } from "./compilers.ts";

const objects = execFileSync("git", ["ls-files", "*.bpf.o"], { cwd: root, encoding: "utf8" }).trim().split("\n");

function isParsed(path: string): boolean {
  try {
    parse(readFileSync(join(root, path)));
    return true;
  } catch (error) {
    assert.ok(error instanceof EbpfError, String(error));
    return false;
  }
}

/** `examples/inject/kills.bpf.o` is examples_inject_kills. */
const flat = (path: string): string => path.replaceAll("/", "_").replace(/\.bpf\.o$/, "");

async function generate(path: string, printWidth: number): Promise<string> {
  return generateModule(readFileSync(join(root, path)), { path: `./${basename(path)}`, printWidth });
}

describe("modules of all committed objects", () => {
  const scratch = new Scratch();
  const readable = objects.filter(isParsed);
  before(async () => {
    assert.ok(readable.length > 60, `${readable.length} objects`);
    for (const path of readable) {
      scratch.write(`${flat(path)}.bpf.ts`, await generate(path, 80));
      const object = readFileSync(join(root, path));
      scratch.write(`${flat(path)}.bpf.d.o.ts`, await generateDeclaration(object, { path: `./${basename(path)}` }));
    }
  });
  after(() => scratch.remove());

  for (const compiler of compilers) {
    it(`compile with TypeScript ${compiler.version}`, () => {
      assert.equal(scratch.compile(compiler, "--allowArbitraryExtensions"), "");
    });
  }

  it("need no inference between files", () => {
    assert.equal(scratch.compile(compilers[0]!, "--isolatedDeclarations", "--declaration"), "");
  });

  it("are the same text for the same object", async () => {
    for (const path of readable) assert.equal(await generate(path, 80), scratch.read(`${flat(path)}.bpf.ts`));
  });

  for (const width of [80, 120]) {
    it(`are laid out as the formatter does, in lines of ${width}`, async () => {
      const written = new Scratch();
      try {
        for (const path of readable) written.write(`${flat(path)}.bpf.ts`, await generate(path, width));
        written.format(width);
        for (const path of readable)
          assert.equal(await generate(path, width), written.read(`${flat(path)}.bpf.ts`), path);
      } finally {
        written.remove();
      }
    });
  }
});

describe("the module of an object", () => {
  const object = readFileSync(fixturePath("user-ring.bpf.o"));

  it("says what the object says", async () => {
    const text = await generateModule(object, { path: "../user-ring.bpf.o" });
    for (const part of [
      'export type Operation =\n  | "OPERATION_ADD"\n  | "OPERATION_MULTIPLY"\n',
      "/** `struct request`, 16 bytes */\nexport interface Request {\n  /** `enum operation` */\n  operation: Operation;\n",
      "    /** user_ringbuf, records are `struct request` (named by samples__record), 4096 bytes */\n    readonly samples: UserRingOf<Request>;\n",
      "    /** array: `__u32` → `__u8[4096]`, 1 entry */\n    readonly buffers: MapOf<number, Uint8Array>;\n",
      "    /** `long long` in `.bss` */\n    readonly total: VariableOf<bigint>;\n",
      '    /** `SEC("syscall")`, `user-ring.bpf.c:',
      "    readonly drain_count: ProgramOf<never, DrainArgs>;\n",
      'object: new URL("../user-ring.bpf.o", import.meta.url)',
    ])
      assert.ok(text.includes(part), `${part}\nis not in\n${text}`);
  });

  it("says of a variable by itself that it is bytes where it would say less than they do", async () => {
    const text = await generateModule(readFileSync(fixturePath("globals.bpf.o")), { path: "./globals.bpf.o" });
    assert.match(text, /readonly greeting: VariableOf<string \| Uint8Array>;/);
    assert.match(text, /readonly flag: VariableOf<boolean \| Uint8Array>;/);
    assert.match(text, /readonly enabled: ConstantOf<boolean \| Uint8Array>;/);
    assert.match(text, /readonly last: VariableOf<Settings>;/);
    assert.match(text, / name: string;/);
  });

  it("holds the object when it is to, and is for browsers when it is to", async () => {
    const text = await generateModule(object, { path: "./user-ring.bpf.o", embed: true, from: "ebpf-ts/embedded" });
    assert.ok(text.includes(`"${object.toString("base64")}"`));
    assert.ok(text.includes('} from "ebpf-ts/embedded";'));
    assert.ok(!text.includes("new URL"));
  });

  it("refuses what makes no sense", async () => {
    await assert.rejects(generateModule("a" as never, { path: "./a.bpf.o" }), TypeError);
    await assert.rejects(generateModule(object, {} as never), TypeError);
    await assert.rejects(generateModule(object, { path: "./a.bpf.o", from: "ebpf" as never }), TypeError);
    await assert.rejects(generateModule(object, { path: "./a.bpf.o", printWidth: 3 }), RangeError);
    await assert.rejects(generateModule(new Uint8Array(9), { path: "./a.bpf.o" }), { code: "BAD_OBJECT" });
  });
});
