import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { hasKvm } from "../src/vm/accelerator.ts";
import { type CommandOptions, type Outcome, root, runFile, runNode } from "./ebpf.ts";
import { guestKernel, guestOrSkip } from "./requirements.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-vm-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text = ""): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** In a folder that is soon copied. */
function vm(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return runNode([join(options.root ?? root, "packages/cli/bin/ebpf.js"), "vm", ...args], { root: folder, ...options });
}

describe("ebpf vm: what is missing is said, with where to get it", () => {
  async function fails(
    code: number,
    said: RegExp,
    args: readonly string[],
    env: CommandOptions["env"] = {},
  ): Promise<void> {
    const outcome = await vm(args, { env });
    assert.equal(outcome.code, code, outcome.stderr);
    assert.match(outcome.stderr, said);
    assert.equal(outcome.stderr.trim().split("\n").length, 1);
  }

  it("a kernel of that version", async () => {
    const said = /Cannot find a kernel 3\.99, neither in \/boot nor in .*apt-get download NAME && dpkg -x/;
    await fails(125, said, ["--kernel", "3.99", "--", "true"], { XDG_CACHE_HOME: folder });
  });

  it("a file that is no kernel, or not there", async () => {
    await fails(125, /it is no kernel for x86-64/, ["--kernel", file("text", "no kernel"), "--", "true"]);
    await fails(125, /there is no such file/, ["--kernel", join(folder, "nothing"), "--", "true"]);
    await fails(125, /it is a folder/, ["--kernel", folder, "--", "true"]);
  });

  it("wrong usage", async () => {
    await fails(2, /Required option .*--kernel/, ["--", "true"]);
    await fails(2, /Missing required argument 'command'/, ["--kernel", "6.12"]);
    await fails(2, /whole number above 0/, ["--kernel", "6.12", "--memory", "-1", "--", "true"]);
  });

  it("QEMU, busybox, a program, a module", { skip: guestOrSkip() }, async () => {
    const kernel = ["--kernel", guestKernel()];
    const empty = join(folder, "empty");
    mkdirSync(empty);
    await fails(125, /no busybox in PATH.*busybox-static/, [...kernel, "--", "true"], { PATH: empty });
    symlinkSync("/bin/busybox", join(empty, "busybox"));
    await fails(125, /no qemu-system-x86_64 in PATH.*qemu-system-x86/, [...kernel, "--", "true"], { PATH: empty });
    await fails(125, /Cannot run no-such-program/, [...kernel, "--", "no-such-program"]);
    await fails(125, /Cannot add no-such-file/, [...kernel, "--add", "no-such-file", "--", "true"]);
    await fails(125, /Cannot load the module teapot: there is none in/, [
      ...kernel,
      "--module",
      "teapot",
      "--",
      "true",
    ]);
    await fails(2, /take \d+ MB of memory/, [...kernel, "--memory", "16", "--", "true"]);
  });
});

describe("ebpf vm", { skip: guestOrSkip() }, () => {
  const kernel = ["--kernel", guestKernel()];

  /** What was left in the folder for temporary files. */
  const left = (temporary: string): string[] => readdirSync(temporary).filter((name) => name.startsWith("ebpf-vm-"));

  function temporaryFolder(): string {
    const temporary = mkdtempSync(join(folder, "tmp-"));
    chmodSync(temporary, 0o777);
    return temporary;
  }

  it("Ctrl-C goes to the command", async () => {
    const script = "trap 'echo interrupted; exit 5' INT; echo waiting; while :; do sleep 1; done";
    const { code, stdout, stderr } = await vm([...kernel, "--", "sh", "-c", script], {
      onOutput: (text, pid) => {
        if (text === "waiting\n") process.kill(pid, "SIGINT");
      },
    });
    assert.equal(code, 5, stderr);
    assert.equal(stdout, "waiting\ninterrupted\n");
  });

  it("a reader that has seen enough ends it", async () => {
    const script = `"${process.execPath}" "${root}packages/cli/bin/ebpf.js" vm --kernel "$0" -- sh -c 'while echo again; do :; done' | head -n 1`;
    const { code, stdout, stderr } = await runFile("sh", ["-c", script, guestKernel()], { root: folder });
    assert.deepEqual([code, stdout, stderr], [0, "again\n", ""]);
  });

  it("what runs it soonest is found out once in a boot of this host, where there is a choice", async () => {
    const cache = join(folder, "cache");
    const answer = join(cache, "ebpf-ts/accelerator");
    mkdirSync(join(cache, "ebpf-ts"), { recursive: true });
    writeFileSync(answer, "of-another-boot kvm\n");
    const { code, stdout, stderr } = await vm([...kernel, "--", "echo", "there"], { env: { XDG_CACHE_HOME: cache } });
    assert.deepEqual([code, stdout, stderr], [0, "there\n", ""]);
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const known = hasKvm() ? new RegExp(`^${boot} (kvm|tcg)\n$`) : /^of-another-boot kvm\n$/;
    assert.match(readFileSync(answer, "utf8"), known);
  });

  it("a kernel that panics is told of", async () => {
    const { code, stderr } = await vm([
      ...kernel,
      "--append",
      "rdinit=/nothing",
      "--append",
      "root=/dev/nothing",
      "--",
      "true",
    ]);
    assert.equal(code, 125);
    assert.match(stderr, /^ebpf: The guest's kernel panicked: .*\(--console shows/);
  });

  it("ends when its time is up, or a signal comes before the command has begun", async () => {
    const temporary = temporaryFolder();
    const env = { TMPDIR: temporary };
    const late = await vm([...kernel, "--timeout", "1", "--", "true"], { env });
    assert.equal(late.code, 124);
    assert.match(late.stderr, /was ended after 1 s/);
    const ended = await vm([...kernel, "--console", "--", "true"], {
      env,
      onErrors: (_, pid) => process.kill(pid, "SIGTERM"),
    });
    assert.equal(ended.code, 143, ended.stderr);
    assert.deepEqual(left(temporary), []);
  });
});
