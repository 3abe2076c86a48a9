import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { copyForNobody, ebpf, nobody, type CommandOptions, type Outcome } from "./ebpf.ts";
import { compilerOrSkip, rootOrSkip } from "./requirements.ts";
import { sentence } from "./support.ts";

const good = `#include <vmlinux.h>
#include <bpf/bpf_helpers.h>
#include "limit.h"
int seen;
SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(void *ctx) { return seen++ < LIMIT; }
char LICENSE[] SEC("license") = "GPL";
`;

describe("ebpf build", { skip: compilerOrSkip() }, () => {
  let folder: string;
  const build = (args: readonly string[], options: CommandOptions = {}): Promise<Outcome> =>
    ebpf(["build", ...args], { env: { XDG_CACHE_HOME: join(folder, "cache"), CLANG: "" }, ...options });

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebpf-build-"));
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "kill.bpf.c"), good);
    writeFileSync(join(folder, "limit.h"), "#define LIMIT 5\n");
    mkdirSync(join(folder, "cache"), { mode: 0o777 });
  });
  after(() => rmSync(folder, { recursive: true }));

  it("makes the object beside its source, or where it is told", async () => {
    const made = await build([join(folder, "kill.bpf.c")]);
    assert.equal(made.code, 0, made.stderr);
    assert.equal(made.stdout, "");
    assert.match(made.stderr, /kill\.bpf\.o: \d+ bytes, by clang \d+/);
    const inspected = await ebpf(["inspect", join(folder, "kill.bpf.o")]);
    assert.match(inspected.stdout, /on_kill/);
    const elsewhere = join(folder, "new", "folder", "x.o");
    const again = await build([join(folder, "kill.bpf.c"), "-o", elsewhere, "--clang", "clang-14", "--", "-DMORE"]);
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stderr, /clang 14/);
    assert.ok(existsSync(elsewhere));
  });

  it("hands on the compiler's errors and warnings, and its exit code", async () => {
    writeFileSync(join(folder, "bad.bpf.c"), `${"\n".repeat(6)}int f(void) { return missing; }\n`);
    const bad = await build([join(folder, "bad.bpf.c")]);
    assert.equal(bad.code, 1);
    assert.match(bad.stderr, /^\S+bad\.bpf\.c:7:22: error: use of undeclared identifier 'missing'/);
    assert.doesNotMatch(bad.stderr, /ebpf:/);
    assert.ok(!existsSync(join(folder, "bad.bpf.o")));
    writeFileSync(join(folder, "warned.bpf.c"), "int f(void) { int unused; return 0; }\n");
    const warned = await build([join(folder, "warned.bpf.c")]);
    assert.equal(warned.code, 0);
    assert.match(warned.stderr, /warning: unused variable/);
    const unknown = await build([join(folder, "warned.bpf.c"), "--", "--no-such-flag"]);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no-such-flag/);
  });

  it("says in a sentence what is missing", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[join(folder, "none.bpf.c")], /there is no such file/],
      [[folder], /no regular file/],
      [[join(folder, "kill.bpf.c"), "--clang", "/nowhere/clang"], /there is no \/nowhere\/clang: \w+/],
      [[join(folder, "kill.bpf.c"), "-o", join(folder, "pipe")], /pipe: it is no regular file, name another place/],
      [[join(folder, "kill.bpf.c"), "-o", join(folder, "limit.h", "x.o")], /not a folder: name another place/],
    ];
    for (const [args, expected] of cases) {
      const { code, stderr } = await build(args);
      assert.equal(code, 1, stderr);
      assert.match(stderr, sentence);
      assert.match(stderr, expected);
    }
    assert.equal((await build([])).code, 2);
    assert.equal((await build([join(folder, "kill.bpf.c"), "--arch", "vax"])).code, 2);
  });

  it("names the read-only folder", { skip: rootOrSkip("to act as another user") }, async () => {
    const copy = await copyForNobody();
    try {
      chmodSync(join(folder, "cache"), 0o777);
      const { code, stderr } = await build([join(folder, "kill.bpf.c")], { root: copy.root, uid: nobody });
      assert.equal(code, 1);
      assert.match(stderr, sentence);
      assert.match(stderr, /Cannot write \S+kill\.bpf\.o: this user may not write to its folder: name another place/);
    } finally {
      await copy.remove();
    }
  });

  it("compiles again when a header changes, and after an error", async () => {
    const source = join(folder, "kill.bpf.c");
    const object = join(folder, "watched.o");
    const texts = ["#define LIMIT (6\n", "#define LIMIT 0x77\n"];
    let builds = 0;
    const outcome = await build([source, "-o", object, "--watch"], {
      onErrors: (stderr, pid) => {
        const count = stderr.match(/bytes, by clang|\d errors? generated/g)?.length ?? 0;
        if (count === builds) return;
        builds = count;
        const next = texts.shift();
        if (next === undefined) process.kill(pid, "SIGTERM");
        else writeFileSync(join(folder, "limit.h"), next);
      },
    });
    assert.equal(outcome.signal, "SIGTERM");
    assert.ok(readFileSync(object).includes(0x77));
  });
});
