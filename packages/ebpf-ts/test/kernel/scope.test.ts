/** The cgroups of commands: what is left of them, whatever happens, and how programs look behind a prologue. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, it } from "node:test";
import { createInterface } from "node:readline";
import { makeGroup, ownCgroup, removeGroup } from "../../src/engine/kernel/scope/own-cgroup.ts";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { isAlive } from "../ptrace/command.ts";
import { cgroupsOrSkip, kernelOrSkip } from "../support/requirements.ts";

const child = fileURLToPath(new URL("./scope-child.js", import.meta.url));

/** The groups of a process, or those that are nobody's. */
function groupsOf(pid: number): string[] {
  return readdirSync(ownCgroup()).filter((name) => name.startsWith("ebpf-ts.") && name.includes(`.${pid}-`));
}

function groupOf(pid: number): string {
  return /^0::(.*)$/m.exec(readFileSync(`/proc/${pid}/cgroup`, "utf8"))![1]!;
}

async function startChild(way: string): Promise<{ pid: number; command: number; ended: Promise<unknown> }> {
  const started = spawn(process.execPath, [child, way], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(started, "exit");
  const [line] = (await once(createInterface(started.stdout), "line")) as [string];
  return { pid: started.pid!, command: Number(line), ended };
}

describe("kernel: cgroups of commands", { skip: kernelOrSkip() || cgroupsOrSkip(), timeout: 600_000 }, () => {
  it("are there while the collection is, and gone with it", async () => {
    const bpf = await load(fixturePath("kernel-run.bpf.o"), { engine: "kernel", scope: "command" });
    const command = await bpf.spawn("sleep", ["60"], { stdout: "ignore" });
    const [name] = groupsOf(process.pid);
    assert.ok(groupOf(command.pid).endsWith(`/${name}/1`));
    await bpf.close();
    assert.deepEqual(groupsOf(process.pid), []);
  });

  it("are left by descendants that outlive it: those go on where the group was", async () => {
    const bpf = await load(fixturePath("kernel-run.bpf.o"), { engine: "kernel", scope: "command" });
    const command = await bpf.spawn("sh", ["-c", "sleep 60 & exec cat"], { stdin: "pipe", stdout: "ignore" });
    const [name] = groupsOf(process.pid);
    const procs = (): number[] =>
      readFileSync(`${ownCgroup()}/${name}/1/cgroup.procs`, "utf8").split("\n").filter(Boolean).map(Number);
    while (procs().length < 2) await new Promise(setImmediate);
    const sleeper = procs().find((pid) => pid !== command.pid)!;
    try {
      await bpf.close();
      assert.deepEqual(groupsOf(process.pid), []);
      assert.equal(groupOf(sleeper), groupOf(process.pid));
    } finally {
      process.kill(sleeper, "SIGKILL");
    }
  });

  it("are not left by an object that the verifier refuses", async () => {
    await assert.rejects(load(fixturePath("kernel-refused.bpf.o"), { engine: "kernel", scope: "command" }), {
      code: "VERIFIER",
    });
    assert.deepEqual(groupsOf(process.pid), []);
  });

  it("are not left by a process that ends without close()", async () => {
    const { pid, command, ended } = await startChild("exit");
    await ended;
    assert.deepEqual(groupsOf(pid), []);
    assert.equal(groupOf(command), groupOf(process.pid));
    process.kill(command, "SIGKILL");
  });

  it("of a process that was killed are removed by the next, once their commands have ended", async () => {
    const { pid, command, ended } = await startChild("stay");
    process.kill(pid, "SIGKILL");
    await ended;
    const next = (): string | undefined => removeGroup(makeGroup());
    next();
    assert.equal(groupsOf(pid).length, 1, "whoever is in it stays");
    process.kill(command, "SIGKILL");
    while (groupsOf(pid).length > 0) {
      assert.equal(next(), undefined);
      await new Promise(setImmediate);
    }
  });

  it("of a process that was killed while it held a command: that ends, and the next removes them", async () => {
    const { pid, command, ended } = await startChild("hold");
    process.kill(pid, "SIGKILL");
    await ended;
    while (isAlive(command)) await new Promise(setImmediate);
    assert.equal(groupsOf(pid).length, 1);
    assert.equal(removeGroup(makeGroup()), undefined);
    assert.deepEqual(groupsOf(pid), []);
  });

  it("a program that is run by hand, and what is told of it, is the object's own", async () => {
    await using plain = await load(fixturePath("kernel-run.bpf.o"), { engine: "kernel" });
    await using bpf = await load(fixturePath("kernel-run.bpf.o"), {
      engine: "kernel",
      scope: "command",
      filter: { pid: 1, comm: "nobody", uid: 1, cgroup: ownCgroup() },
    });
    for (const [name, program] of bpf.programs) assert.equal(program.info.tag, plain.program(name).info.tag);
  });
});
