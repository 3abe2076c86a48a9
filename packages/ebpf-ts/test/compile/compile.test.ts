import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { load } from "../../src/index.ts";
import { compile, CompileError } from "../../src/compile/index.ts";
import { hintsFor } from "../../src/compile/compile-hints.ts";
import { howToInstallClang } from "../../src/compile/install-hint.ts";
import { parse } from "../../src/spec/index.ts";
import { compilersOrSkip } from "../support/requirements.ts";

const source = `#include <vmlinux.h>
#include <bpf/bpf_helpers.h>

struct event { int pid; char comm[16]; };
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, 4096);
} events SEC(".maps");
const struct event *events__record __attribute__((unused));

SEC("tracepoint/syscalls/sys_enter_kill")
int on_kill(struct trace_event_raw_sys_enter *ctx) {
  struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
  if (!event) return 0;
  event->pid = bpf_get_current_pid_tgid() >> 32;
  bpf_get_current_comm(event->comm, sizeof(event->comm));
  bpf_ringbuf_submit(event, 0);
  return 0;
}

char LICENSE[] SEC("license") = "GPL";
`;

describe("compile()", { skip: compilersOrSkip("clang-14", "clang-19") }, () => {
  let folder: string;
  const environment = { ...process.env };
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const failureOf = async (work: Promise<unknown>): Promise<unknown> => {
    try {
      await work;
    } catch (error) {
      return error;
    }
    throw new Error("nothing was thrown");
  };
  /** A compiler that says what a script prints. */
  const pretend = (name: string, script: string): string => {
    const path = write(name, `#!/bin/sh\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  };

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ebpf-compile-"));
    process.env["XDG_CACHE_HOME"] = join(folder, "cache");
    delete process.env["CLANG"];
  });
  after(() => {
    rmSync(folder, { recursive: true });
    process.env = environment;
  });

  for (const clang of ["clang-14", "clang-19"]) {
    it(`makes an object that runs, with ${clang}`, async () => {
      const path = write("kill.bpf.c", source);
      const { object, diagnostics, dependencies, clang: used } = await compile(path, { clang });
      assert.equal(diagnostics, "");
      assert.deepEqual(dependencies, [path]);
      assert.equal(used.version.split(".")[0], clang.slice(6));
      const bpf = await load(object, { engine: "embedded" });
      try {
        const run = await bpf.program("on_kill").run({ context: new Uint8Array(64) });
        assert.equal(run.returnValue, 0);
        assert.equal(bpf.ringBuf("events").drain((record) => assert.equal(record.length, 20)).delivered, 1);
      } finally {
        await bpf.close();
      }
    });
  }

  it("takes the newest clang that will do, and $CLANG before it", async () => {
    const bin = join(folder, "bin");
    mkdirSync(bin);
    symlinkSync("/usr/bin/clang-14", join(bin, "clang-14"));
    symlinkSync("/usr/bin/clang-19", join(bin, "clang-19"));
    symlinkSync("/bin/true", join(bin, "clang-99"));
    const path = write("kill.bpf.c", source);
    process.env["PATH"] = bin;
    try {
      assert.equal((await compile(path)).clang.path, join(bin, "clang-19"));
      process.env["CLANG"] = "clang-14";
      assert.match((await compile(path)).clang.version, /^14/);
    } finally {
      process.env["PATH"] = environment["PATH"];
      delete process.env["CLANG"];
    }
  });

  it("says what to install when there is no compiler that will do", async () => {
    const path = write("kill.bpf.c", source);
    const refusal = async (clang: string): Promise<string> => {
      const error = (await failureOf(compile(path, { clang }))) as Error & { code?: string };
      assert.equal(error.code, "COMPILER");
      return error.message
        .replace(/: [^:]*$/, ": …")
        .replace(path, "PATH")
        .replaceAll(`${folder}/`, "");
    };
    const old = pretend("old", 'echo "clang version 13.0.1"');
    const bare = pretend("bare", 'echo "clang version 17.0.0"; echo "  x86-64 - 64-bit X86"');
    assert.equal(await refusal("/nowhere/clang"), "Cannot compile PATH: there is no /nowhere/clang: …");
    assert.equal(await refusal(old), "Cannot compile PATH: old is clang 13.0.1, and 14 or later is needed: …");
    assert.equal(await refusal(bare), "Cannot compile PATH: bare (clang 17.0.0) was built without the BPF target: …");
    assert.equal(await refusal("/bin/true"), "Cannot compile PATH: /bin/true is no clang: …");
    await assert.rejects(compile(path, { clang: "/nowhere/clang" }), {
      message: /: name another, or none for the newest that is installed$/,
    });
    process.env["PATH"] = join(folder, "empty");
    try {
      await assert.rejects(compile(path), { code: "COMPILER", message: /no clang is installed: \S+/ });
    } finally {
      process.env["PATH"] = environment["PATH"];
    }
  });

  it("knows how each system installs it", () => {
    assert.equal(howToInstallClang('ID=ubuntu\nID_LIKE="debian"\n', "linux"), "apt-get install clang");
    assert.equal(howToInstallClang('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "linux"), "dnf install clang");
    assert.equal(howToInstallClang("", "darwin"), "brew install llvm");
    assert.match(howToInstallClang("ID=nobody\n", "linux"), /apt-get .*dnf .*brew/);
  });

  it("hands on what the compiler says of a source that is wrong", async () => {
    const path = write("wrong.bpf.c", `${"\n".repeat(6)}int broken(void) { return missing; }\n`);
    const error = await failureOf(compile(path, { clang: "clang-14", color: true }));
    assert.ok(error instanceof CompileError);
    assert.equal(error.code, "COMPILER");
    assert.equal(error.exitCode, 1);
    assert.match(error.message, /^Cannot compile \S+ with clang 14\S*: \S+wrong\.bpf\.c:7:\d+: error: .*missing/);
    // oxlint-disable-next-line no-control-regex -- colours
    assert.match(error.diagnostics, /\x1b\[/);
  });

  it("hands on warnings, and takes flags and folders", async () => {
    mkdirSync(join(folder, "include"), { recursive: true });
    writeFileSync(join(folder, "include", "answer.h"), "#define ANSWER GIVEN\n");
    const text = '#include "answer.h"\nint f(void);\nint f(void) { int unused; return ANSWER; }\n';
    const path = write("-warned.c", text);
    const cwd = process.cwd();
    process.chdir(folder);
    try {
      const made = await compile("-warned.c", { clang: "clang-14", include: ["include"], flags: ["-DGIVEN=7"] });
      assert.match(made.diagnostics, /warning: unused variable/);
      assert.deepEqual(made.dependencies, ["-warned.c", "include/answer.h"]);
    } finally {
      process.chdir(cwd);
      rmSync(path);
    }
  });

  it("makes vmlinux.h once, and does without a cache", async () => {
    const path = write("kill.bpf.c", source);
    const cache = join(folder, "not-a-folder");
    writeFileSync(cache, "");
    process.env["XDG_CACHE_HOME"] = cache;
    try {
      assert.ok((await compile(path, { clang: "clang-14" })).object.length > 0);
    } finally {
      process.env["XDG_CACHE_HOME"] = join(folder, "cache");
    }
    assert.equal(readFileSync(cache, "utf8"), "");
  });

  it("refuses what is no source, and options that are none", async () => {
    await assert.rejects(compile(join(folder, "none.bpf.c")), { code: "NOT_FOUND", message: /there is no such file/ });
    await assert.rejects(compile(folder), { code: "NOT_FOUND", message: /no regular file/ });
    await assert.rejects(compile(7 as unknown as string), TypeError);
    await assert.rejects(compile("a\0.c"), TypeError);
    await assert.rejects(compile("a.c", { color: "red" } as never), TypeError);
    await assert.rejects(compile("a.c", { clan: "clang" } as never), { message: /did you mean clang\?/ });
  });

  it("compiles for the other processor", async () => {
    const text = `#include <linux/ptrace.h>\n#include <linux/bpf.h>\n#include <bpf/bpf_tracing.h>\n
      #ifndef __TARGET_ARCH_arm64\n#error "not arm64"\n#endif\nint x = 1;\n`;
    const { object } = await compile(write("arm.bpf.c", text), { clang: "clang-14", architecture: "arm64" });
    assert.equal(parse(object).maps.length, 1);
  });
});

describe("hints beside what the compiler says", () => {
  const note = "/cache/vmlinux.h:99:8: note: previous definition is here\n";
  for (const [title, diagnostics, hint] of [
    [
      "no vmlinux.h",
      "bpf_helper_defs.h:50:89: error: unknown type name '__u64'\n",
      /^the kernel's types are missing: /,
    ],
    [
      "a name of the kernel's",
      `a.bpf.c:5:8: error: redefinition of 'sample'\n${note}`,
      /one is named sample: give yours/,
    ],
    ["two headers", `/usr/include/linux/in.h:5:8: error: redefinition of 'in_addr'\n${note}`, /: include one of them$/],
  ] as const) {
    it(title, () => {
      const hints = hintsFor(diagnostics);
      assert.equal(hints.length, 1);
      assert.match(hints[0]!, hint);
    });
  }

  it("nothing where nothing is known", () => {
    assert.deepEqual(hintsFor("a.bpf.c:5:8: error: expected ';'\n"), []);
    assert.deepEqual(
      hintsFor("a.bpf.c:5:8: error: redefinition of 'x'\na.bpf.c:4:8: note: previous definition is here\n"),
      [],
    );
  });
});
