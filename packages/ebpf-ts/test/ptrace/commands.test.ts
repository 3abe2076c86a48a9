import { deepEqual, equal, match, notEqual, rejects } from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { enterKill, exitKill, isAlive, run, shell, start, until } from "./command.ts";
import type { Ended } from "./command.ts";
import { ptraceOrSkip } from "./machine.ts";

const folder = mkdtempSync(join(tmpdir(), "ebpf-trace-"));
after(() => rmSync(folder, { recursive: true }));

const skip = ptraceOrSkip();
/** Milliseconds after which something never happens any more. */
const hanging = 300_000;
const enterExit = [enterKill, exitKill];
const node = process.execPath;

/** Both ways to stop at system calls must show the same. */
for (const filter of process.arch === "x64" ? [true, false] : [false]) {
  const both = (script: string): Promise<Ended> => run(enterExit, shell(script), { filter });

  describe(`a traced command (${filter ? "seccomp filter" : "every system call"})`, { skip, timeout: hanging }, () => {
    it("fires for each system call, entry before exit", async () => {
      const { command, events, exit, faults } = await both("kill -0 $$; kill -0 1073741824 2>/dev/null; exit 3");
      deepEqual(exit, { code: 3, signal: undefined });
      deepEqual(faults, []);
      equal(command.filtered, filter);
      deepEqual(
        events.map(({ program, value }) => [program, value]),
        [
          [0, BigInt(command.pid)],
          [1, 0n],
          [0, 1073741824n],
          [1, -3n], // ESRCH
        ],
      );
      for (const event of events) {
        equal(event.pid, command.pid);
        equal(event.tgid, command.pid);
        equal(event.comm, "sh");
        equal(event.uid, process.getuid?.());
        equal(event.gid, process.getgid?.());
        equal(event.number, process.arch === "x64" ? 62 : 129);
      }
    });

    it("includes subshells, pipelines and background jobs", async () => {
      const { command, events } = await both("(kill -0 $$; :); kill -0 $$ | (kill -0 $$; cat); kill -0 $$ & wait");
      const entries = events.filter((event) => event.program === 0);
      equal(entries.length, 4);
      equal(events.length, 8);
      equal(new Set(entries.map((event) => event.pid)).size, 4);
      equal(
        entries.some((event) => event.pid === command.pid),
        false,
      );
      for (const event of entries) equal(event.value, BigInt(command.pid));
    });

    it("survives thousands of forks", async () => {
      const { events, exit } = await both("i=0; while [ $i -lt 2000 ]; do (kill -0 $$); i=$((i+1)); done");
      equal(exit.code, 0);
      equal(events.length, 4000);
      equal(new Set(events.map((event) => event.pid)).size, 2000);
    });

    it("traces threads, each by its own id", async () => {
      const script = `
        const { Worker } = require("node:worker_threads");
        const code = "for (let i = 0; i < 50; i++) process.kill(process.pid, 0)";
        for (let i = 0; i < 4; i++) new Worker(code, { eval: true });`;
      const { command, events, exit } = await run([enterKill], [node, "-e", script], { filter });
      equal(exit.code, 0);
      equal(events.length, 200);
      deepEqual([...new Set(events.map((event) => event.tgid))], [command.pid]);
      equal(new Set(events.map((event) => event.pid)).size, 4);
    });

    it("traces children of vfork and posix_spawn", async () => {
      const script = `const { spawnSync } = require("node:child_process");
        for (let i = 0; i < 5; i++) spawnSync("sh", ["-c", "kill -0 $$"])`;
      const { events, exit } = await run([enterKill], [node, "-e", script], { filter });
      equal(exit.code, 0);
      equal(events.length, 5);
      equal(new Set(events.map((event) => event.pid)).size, 5);
    });

    it("begins with the command itself, and shows its later exec calls", async () => {
      const programs = (["enter", "exit"] as const).map(
        (when) => ({ attach: `tp/syscalls/sys_${when}_execve`, what: "tracepoint" }) as const,
      );
      const { command, events } = await run(programs, shell("exec /bin/sleep 0"), { filter });
      deepEqual(
        events.map(({ pid, program, comm }) => [pid, program, comm]),
        [
          [command.pid, 0, "sh"],
          [command.pid, 1, "sleep"],
        ],
      );
      equal(events[1]?.value, 0n);
    });

    it("passes signals on", async () => {
      const { events, exit } = await both(
        "trap 'got=1' USR1; kill -USR1 $$; trap 'exit 8' TERM; [ \"$got\" = 1 ] && kill -TERM $$; sleep 5",
      );
      equal(exit.code, 8);
      equal(events.length, 4);
    });

    it("tells by which signal the command ended", async () => {
      deepEqual((await both("kill -KILL $$")).exit, { code: undefined, signal: "SIGKILL" });
      deepEqual((await both("kill -TERM $$; sleep 9")).exit, { code: undefined, signal: "SIGTERM" });
    });

    it("lets a command be stopped and continued", async () => {
      const { command, machine } = await start(enterExit, shell("kill -STOP $$; kill -0 $$; exit 5"), { filter });
      await until(() => machine.events().length === 2, "the kill that stops it");
      await until(() => /^State:\s+[tT]/m.test(readFileSync(`/proc/${command.pid}/status`, "utf8")), "its stop");
      // Another one lives and ends meanwhile.
      equal((await both("kill -0 $$; exit 6")).exit.code, 6);
      equal(machine.events().length, 2);
      command.kill("SIGCONT");
      deepEqual(await command.exited, { code: 5, signal: undefined });
      equal(machine.events().length, 4);
    });

    it("reads the command's memory", async () => {
      const path = join(folder, "a file to open");
      writeFileSync(path, "");
      const { events } = await run([{ attach: "tp/syscalls/sys_enter_openat", what: "path" }], shell(`: < '${path}'`), {
        filter,
      });
      equal(
        events.some((event) => event.text === path.slice(0, 31)),
        true,
      );
    });

    it("follows attachments while it runs", async () => {
      const { command, machine } = await start([enterKill], shell("while read x; do kill -0 $$; done; exit 2"), {
        filter,
        spawn: { stdin: "pipe" },
      });
      command.write("x\n");
      await until(() => machine.events().length === 1, "the first event");
      machine.detach[0]!();
      command.write("x\nx\n");
      command.endInput();
      equal((await command.exited).code, 2);
      equal(machine.events().length, 1);
    });

    it("reports a program's fault and goes on", async () => {
      const { events, faults, exit } = await run(
        [{ ...enterKill, what: "fault" }, exitKill],
        shell("kill -0 $$; exit 4"),
        { filter },
      );
      equal(exit.code, 4);
      equal(events.length, 1);
      equal(faults.length, 1);
      equal(faults[0]?.name, "ProgramFault");
      match(String(faults[0]?.message), /program_0/);
    });

    it("hands on what programs print", async () => {
      const { lines } = await run([{ ...enterKill, what: "print" }], shell("kill -0 $$; kill -0 $$"), { filter });
      deepEqual(lines, ["hi", "hi"]);
    });
  });
}

describe(
  "contexts",
  { skip: skip || (process.arch === "x64" ? false : "the offsets in pt_regs are those of x86-64"), timeout: hanging },
  () => {
    it("gives raw tracepoints the registers of every system call", async () => {
      const raw = (["enter", "exit"] as const).map((when) => ({ attach: `raw_tp/sys_${when}`, what: "raw" }) as const);
      const { command, events } = await run(raw, shell("kill -0 $$"));
      const kills = events.filter((event) => event.number === 62);
      deepEqual(
        kills.map(({ program, value }) => [program, value]),
        [
          [0, BigInt(command.pid)],
          [1, 0n],
        ],
      );
      equal(new Set(events.map((event) => event.number)).size > 5, true);
    });

    it("gives raw_syscalls tracepoints their 64-bit number", async () => {
      const { command, events } = await run(
        [{ attach: "tp/raw_syscalls/sys_enter", what: "tracepoint" }],
        shell("kill -0 $$"),
      );
      deepEqual(
        events.filter((event) => event.number === 62).map((event) => event.value),
        [BigInt(command.pid)],
      );
    });

    it("keeps the kernel's own 8 bytes from programs", async () => {
      const { faults } = await run([{ ...enterKill, what: "private" }], shell("kill -0 $$"));
      equal(faults.length, 1);
    });

    it("shows an exec call of a thread under the process id that it takes over", async () => {
      const python = ["/usr/bin/python3", "/usr/local/bin/python3"].find((path) => existsOrNot(path));
      if (python === undefined) return;
      const script = `import os, threading, time
for _ in range(3): threading.Thread(target=lambda: time.sleep(9), daemon=True).start()
thread = threading.Thread(target=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 7"]))
thread.start(); thread.join()`;
      const programs = (["enter", "exit"] as const).map(
        (when) => ({ attach: `tp/syscalls/sys_${when}_execve`, what: "tracepoint" }) as const,
      );
      const { command, events, exit } = await run(programs, [python, "-c", script]);
      equal(exit.code, 7);
      const [enter, leave] = events.slice(-2);
      notEqual(enter?.pid, command.pid);
      equal(enter?.tgid, command.pid);
      deepEqual([leave?.pid, leave?.program, leave?.comm, leave?.value], [command.pid, 1, "sh", 0n]);
    });
  },
);

function existsOrNot(path: string): boolean {
  try {
    return readFileSync(path).length > 0;
  } catch {
    return false;
  }
}

describe("starting a command", { skip, timeout: hanging }, () => {
  it("refuses what cannot be started", async () => {
    const broken = join(folder, "broken");
    writeFileSync(broken, "#!/nowhere/interpreter\n");
    chmodSync(broken, 0o755);
    await rejects(run([enterKill], ["no-such-command"]), {
      code: "COMMAND",
      message: /^Cannot start no-such-command: no such command is on the PATH/,
    });
    await rejects(run([enterKill], ["/etc/passwd"]), {
      code: "COMMAND",
      message: "Cannot start /etc/passwd: it is not executable",
    });
    await rejects(run([enterKill], [broken], { spawn: { stdout: "ignore" } }), {
      code: "COMMAND",
      message: /^Cannot start .*broken: /,
    });
    await rejects(run([enterKill], ["sh", "a\0b"]), { code: "COMMAND", message: /zero byte/ });
  });

  it("gives it folder, environment and arguments as they are", async () => {
    const script = 'pwd; echo "$A|$#|$1|$2|$3"; echo "${UNSET-none}"; exit 6';
    const out = join(folder, "out");
    const argv: [string, ...string[]] = ["sh", "-c", `{ ${script}; } > '${out}'`, "x", "a b", "", "*'$\n"];
    const { exit } = await run([enterKill], argv, {
      spawn: { cwd: "/", env: { PATH: process.env["PATH"], A: "ü b", UNSET: undefined } },
    });
    equal(exit.code, 6);
    equal(readFileSync(out, "utf8"), "/\nü b|3|a b||*'$\n\nnone\n");
  });

  it("starts it with default signals, none blocked or ignored", async () => {
    const out = join(folder, "signals");
    await run([enterKill], shell(`grep -E '^Sig(Blk|Ign)' /proc/self/status > '${out}'`));
    match(readFileSync(out, "utf8"), /^SigBlk:\s+0+\nSigIgn:\s+0+\n$/);
  });

  it("feeds its standard input", async () => {
    const { command, machine } = await start(
      [enterKill],
      shell('while read x; do [ "$x" = go ] && kill -0 $$; done; exit 9'),
      { spawn: { stdin: "pipe" } },
    );
    command.write("go\nno\n");
    command.write("go\n");
    command.endInput();
    equal((await command.exited).code, 9);
    equal(machine.events().length, 2);
  });

  it("loses what is written to a command that has ended", async () => {
    const { command } = await start([enterKill], shell("exit 9"), { spawn: { stdin: "pipe" } });
    await command.exited;
    command.write("x".repeat(1_000_000));
    command.endInput();
    // What went wrong is told in a later turn.
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    command.write("x");
    await command.close();
  });

  it("has no input to write to without a pipe", async () => {
    const { command } = await start([enterKill], shell("exit 0"));
    let error: unknown;
    try {
      command.write("x");
    } catch (caught) {
      error = caught;
    }
    equal(error instanceof TypeError, true);
    await command.exited;
  });
});

describe("the life of a command", { skip, timeout: hanging }, () => {
  it("is one of several", async () => {
    const commands = await Promise.all(
      [3, 5, 7].map((count) => run([enterKill], shell(`for i in $(seq ${count}); do kill -0 $$; done; exit ${count}`))),
    );
    deepEqual(
      commands.map(({ events, exit }) => [events.length, exit.code]),
      [
        [3, 3],
        [5, 5],
        [7, 7],
      ],
    );
    for (const { command, events } of commands)
      equal(
        events.every((event) => event.pid === command.pid),
        true,
      );
  });

  it("can be ended by a signal, once", async () => {
    const { command } = await start([enterKill], ["sleep", "100"]);
    command.kill("SIGTERM");
    deepEqual(await command.exited, { code: undefined, signal: "SIGTERM" });
    command.kill("SIGKILL");
  });

  it("goes on for descendants that outlive the command", async () => {
    const gate = join(folder, "gate");
    execFileSync("mkfifo", [gate]);
    const descendant = `(read go < '${gate}'; kill -0 1073741824 2>/dev/null)`;
    const { command, machine } = await start([enterKill], shell(`${descendant} & exit 1`));
    equal((await command.exited).code, 1);
    equal(machine.events().length, 0);
    await writeFile(gate, "go\n");
    await until(() => machine.events().length === 1, "the event of the descendant");
    await command.close();
  });

  it("ends with close, descendants too", async () => {
    const { command, machine } = await start(
      [enterKill],
      shell("sleep 100 & kill -0 $!; sleep 100 & kill -0 $!; wait"),
    );
    await until(() => machine.events().length === 2, "two children");
    const pids = [command.pid, ...machine.events().map((event) => Number(event.value))];
    equal(pids.every(isAlive), true);
    await command.close();
    await command.close();
    equal(pids.some(isAlive), false);
    deepEqual(await command.exited, { code: undefined, signal: "SIGKILL" });
  });

  it("is killed by close before its input ends", async () => {
    for (let round = 0; round < 5; round += 1) {
      const { command } = await start([enterKill], ["cat"], { spawn: { stdin: "pipe", stdout: "ignore" } });
      await command.close();
      deepEqual(await command.exited, { code: undefined, signal: "SIGKILL" });
    }
  });

  it("ends with close when the command itself has ended before", async () => {
    const { command, machine } = await start([enterKill], shell("sleep 100 & kill -0 $!; exit 0"));
    equal((await command.exited).code, 0);
    const child = Number(machine.events()[0]?.value);
    equal(isAlive(child), true);
    await command.close();
    equal(isAlive(child), false);
  });
});
