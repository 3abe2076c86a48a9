import { deepEqual } from "node:assert/strict";
import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { throughShell } from "../../src/host/command/through-shell.ts";

const folder = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-through-"));
after(() => rmSync(folder, { recursive: true }));
for (const name of ["busybox", "env", "nice", "tool"]) {
  writeFileSync(join(folder, name), "#!/bin/sh\n");
  chmodSync(join(folder, name), 0o755);
}

const odd = { "a-b": "c" };
const path = (name: string): string => join(folder, name);

describe("what a shell becomes for a command", () => {
  it("is the command, where the shell hands on its environment", () => {
    deepEqual(throughShell(["tool", "x"], "/", { PATH: folder, A: "1" }), { argv: ["tool", "x"], programs: 1 });
  });

  it("sets with env(1) what it would not, in one more step where the name looks like a variable", () => {
    const setter = [path("env"), "--", "a-b=c"];
    const env = { PATH: folder, ...odd };
    deepEqual(throughShell(["tool", "x"], "/", env), { argv: [...setter, "tool", "x"], programs: 2 });
    deepEqual(throughShell(["./a=b"], "/", env), { argv: [...setter, path("nice"), "-n", "0", "./a=b"], programs: 3 });
  });

  it("loses those where there is nothing to set them with", () => {
    deepEqual(throughShell(["tool"], "/", { PATH: "/nowhere", ...odd }), { argv: ["tool"], programs: 1 });
  });

  it("names a path to busybox, which would take a name for one of its own programs", () => {
    const own = mkdtempSync(join(folder, "own-"));
    symlinkSync(path("busybox"), join(own, "env"));
    const env = { PATH: `${own}:${folder}`, ...odd };
    const { argv, programs } = throughShell(["tool"], "/", env);
    deepEqual([argv, programs], [[join(own, "env"), "--", "a-b=c", path("tool")], 2]);
  });
});
