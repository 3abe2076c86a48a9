import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { copyForNobody, ebpf, nobody } from "./ebpf.ts";
import { guestKernels, guestOrSkip, rootOrSkip } from "./requirements.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-vm-user-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const why = guestOrSkip() || rootOrSkip("to become an ordinary user");
const traced = (way: string): string =>
  `ebpf run packages/cli/test/fixtures/unlink-${way}.bpf.o -- sh -c ': >gone; rm gone'`;

/** What the shell of the guest does: in the folder, as root, with that kernel. */
const script = [
  "uname -r",
  "id -u",
  "head -c 1 package.json",
  "cat /sys/class/net/lo/operstate",
  "ls /sys/kernel/btf",
  "grep -q '^bpf /sys/fs/bpf' /proc/mounts && echo pins",
  "echo '{' >&2",
  traced("kprobe"),
  traced("fentry"),
  // It has the command's output, and ends with it.
  "sleep 1000 &",
  "exit 7",
].join("\n");

it(
  "ebpf vm, as an ordinary user: the command has this folder, is root there, and its output and exit code come back",
  {
    skip: why,
  },
  async () => {
    const copy = await copyForNobody();
    const temporary = join(folder, "temporary");
    for (const path of [temporary, join(folder, "ebpf-ts")]) mkdirSync(path);
    symlinkSync(guestKernels, join(folder, "ebpf-ts/kernels"));
    chmodSync(folder, 0o755);
    chmodSync(temporary, 0o777);
    const { code, stdout, stderr } = await ebpf(
      ["vm", "--kernel", "6.12", "--module", "veth", "--", "sh", "-c", script],
      {
        root: copy.root,
        uid: nobody,
        env: { XDG_CACHE_HOME: folder, TMPDIR: temporary, HOME: "/nonexistent" },
      },
    );
    await copy.remove();
    assert.equal(code, 7, stderr);
    assert.match(stdout, /^6\.12\.\S+\n0\n\{unknown\nveth\nvmlinux\npins\n/);
    for (const way of ["kprobe", "fentry"]) assert.match(stdout, new RegExp(`unlink by ${way}`), stderr);
    assert.match(stderr, /^\{\n/);
    assert.deepEqual(
      readdirSync(temporary).filter((name) => name.startsWith("ebpf-vm-")),
      [],
    );
  },
);
