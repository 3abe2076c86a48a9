import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { spawnCommand } from "../../src/engine/kernel/spawn.ts";
import { kernelOrSkip } from "../support/requirements.ts";
import { loadFixture } from "./kernel-fixture.ts";

/** Waits until a process ignores SIGTERM. */
async function ignores(pid: number): Promise<void> {
  const sigterm = 1n << 14n;
  for (;;) {
    const ignored = /^SigIgn:\t(.*)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]!;
    if ((BigInt(`0x${ignored}`) & sigterm) !== 0n) return;
    await sleep(5);
  }
}

describe("kernel: commands", () => {
  it("exit codes and signals come back", async () => {
    const failed = await spawnCommand("sh", ["-c", "exit 3"], { stdout: "ignore" });
    assert.ok(failed.pid > 0);
    assert.deepEqual(await failed.exited, { code: 3, signal: undefined });
    const killed = await spawnCommand("sleep", ["60"], { stdout: "ignore" });
    killed.kill("SIGTERM");
    assert.deepEqual(await killed.exited, { code: undefined, signal: "SIGTERM" });
  });

  it("one that does not end of a signal gets the next one, and ends with close()", async () => {
    // It inherits that these are ignored: there is no moment at which they would end it.
    const deaf = `trap '' TERM INT; exec sleep 60`;
    for (const end of ["kill", "close"] as const) {
      const stubborn = await spawnCommand("sh", ["-c", `${deaf} <&-`], { stdout: "ignore" });
      await ignores(stubborn.pid);
      stubborn.kill("SIGTERM");
      stubborn.kill("SIGINT");
      if (end === "kill") stubborn.kill("SIGKILL");
      else await stubborn.close();
      assert.equal((await stubborn.exited).code, undefined);
      assert.equal(existsSync(`/proc/${stubborn.pid}`), false);
    }
  });

  it("standard input can be written, also when nobody reads it", async () => {
    const reader = await spawnCommand("sh", ["-c", 'read code; exit "$code"'], { stdin: "pipe", stdout: "ignore" });
    reader.write("42\n");
    assert.deepEqual(await reader.exited, { code: 42, signal: undefined });
    const deaf = await spawnCommand("true", [], { stdin: "pipe", stdout: "ignore" });
    await deaf.exited;
    deaf.write("too late\n");
    deaf.endInput();
    const closed = await spawnCommand("true", [], { stdout: "ignore" });
    assert.throws(() => closed.write("text"), TypeError);
    closed.endInput();
  });

  it("the environment and the folder are those given", async () => {
    const script = '[ "$WORD" = "yes" ] && [ -z "$HOME" ] && [ "$PWD" = "/usr" ]';
    const command = await spawnCommand("/bin/sh", ["-c", script], {
      env: { WORD: "yes" },
      cwd: "/usr",
      stdout: "ignore",
    });
    assert.deepEqual(await command.exited, { code: 0, signal: undefined });
  });

  it("a command that still runs ends with its collection", { skip: kernelOrSkip(), timeout: 30_000 }, async () => {
    const collection = await loadFixture("kernel-run");
    const waiting = await collection.spawn("cat", [], { stdin: "pipe", stdout: "ignore" });
    const late = collection.spawn("sleep", ["60"], { stdout: "ignore" });
    await collection.close();
    assert.deepEqual(await waiting.exited, { code: undefined, signal: "SIGKILL" });
    assert.deepEqual(await (await late).exited, { code: undefined, signal: "SIGKILL" });
  });

  it("a command is killed before its input ends", { skip: kernelOrSkip(), timeout: 30_000 }, async () => {
    for (let round = 0; round < 5; round += 1) {
      const collection = await loadFixture("kernel-run");
      const reading = await collection.spawn("cat", [], { stdin: "pipe", stdout: "ignore" });
      await collection.close();
      assert.deepEqual(await reading.exited, { code: undefined, signal: "SIGKILL" });
    }
  });

  it("what cannot be started is an error of one sentence", async () => {
    await assert.rejects(spawnCommand("no-such-command", [], {}), {
      code: "COMMAND",
      message: "Cannot start no-such-command: there is no such command",
    });
    await assert.rejects(spawnCommand("/etc/passwd", [], {}), {
      code: "COMMAND",
      message: /is not a program that this user may run/,
    });
    await assert.rejects(spawnCommand("true", [], { cwd: "/no/such" }), {
      code: "COMMAND",
      message: "Cannot start true: there is no folder /no/such",
    });
    await assert.rejects(spawnCommand("a\0b", [], {}), { code: "COMMAND" });
  });
});
