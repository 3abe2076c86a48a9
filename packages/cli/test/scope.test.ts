/** The same line means the same as root on the kernel and as an ordinary user on the embedded engine, whoever is at work beside. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { after, before, describe, it } from "node:test";
import { copyForNobody, ebpf, nobody } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs, rootOrSkip } from "./requirements.ts";
import { object, sends } from "./support.ts";

const fixture = "packages/ebpf-ts/test/fixtures/tracepoint.bpf.o";
const command = ["--", "sh", "-c", "kill -0 $$; (exec sh -c 'kill -0 $$'); kill -0 $$"];

let unmountTracefs = (): void => {};
let noise: ChildProcess;
before(async () => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
  noise = spawn("sh", ["-c", "while :; do kill -0 $$; echo x; done"], { stdio: ["ignore", "pipe", "ignore"] });
  await once(noise.stdout!, "data");
  noise.stdout!.resume();
});
after(async () => {
  noise.kill("SIGKILL");
  await once(noise, "exit");
  unmountTracefs();
});

interface Event {
  readonly kind: string;
  readonly tgid: number;
}

function kills(stdout: string): Event[] {
  const lines = stdout.split("\n").filter((line) => line !== "");
  return lines
    .flatMap((line) => (JSON.parse(line).event as Event | undefined) ?? [])
    .filter(({ kind }) => kind === "KIND_ENTER");
}

async function check(options: readonly string[], user: { root?: string; uid?: number } = {}): Promise<void> {
  const args = ["run", fixture, "--json", "--set", "only_number=62", ...options];
  const { code, stdout, stderr } = await ebpf([...args, ...command], user);
  assert.equal(code, 0, stderr);
  const seen = kills(stdout);
  assert.equal(seen.length, 3);
  assert.equal(new Set(seen.map(({ tgid }) => tgid)).size, 2);
}

describe("ebpf run with a command", { timeout: 300_000 }, () => {
  it("prints its events alone: as an ordinary user", { skip: rootOrSkip("to become another user") }, async () => {
    const copy = await copyForNobody();
    try {
      await check([], { root: copy.root, uid: nobody });
    } finally {
      await copy.remove();
    }
  });

  it("prints its events alone: as root, on the kernel", { skip: kernelOrSkip() }, async () => {
    await check([]);
    await check(["--engine", "kernel"]);
  });

  it("--all prints everybody's", { skip: kernelOrSkip() }, async () => {
    const { code, stdout, stderr } = await ebpf(["run", fixture, "--json", "--all", "-n", "500", "--", "sleep", "60"]);
    assert.equal(code, 0, stderr);
    assert.ok(kills(stdout).some(({ tgid }) => tgid === noise.pid));
  });

  it("--pid, without a command", { skip: kernelOrSkip() }, async () => {
    const { code, stdout, stderr } = await ebpf([
      "run",
      fixture,
      "--json",
      "-n",
      "50",
      "--engine",
      "kernel",
      "--pid",
      `${noise.pid}`,
    ]);
    assert.equal(code, 0, stderr);
    assert.deepEqual([...new Set(kills(stdout).map(({ tgid }) => tgid))], [noise.pid]);
  });

  it("--comm and --uid, of the command's", async () => {
    for (const [option, ends] of [
      [["--comm", "sh"], 1],
      [["--comm", "no-such"], 0],
      [["--uid", `${process.getuid!()}`], 1],
      [["--uid", "12345"], 0],
    ] as const) {
      const run = ["run", object, "--engine", "embedded", "--json", ...sends(1), ...option];
      const { code, stdout, stderr } = await ebpf([...run, "--", "sh", "-c", "kill -0 $$"]);
      assert.equal(code, 0, stderr);
      assert.equal(stdout.split("\n").filter((line) => line.includes('"event"')).length, ends, option.join(" "));
    }
  });

  it("says what is no filter, and what the embedded engine cannot do", async () => {
    const { code, stderr } = await ebpf(["run", object, "--pid", "soon", "--", "true"]);
    assert.equal(code, 2);
    assert.match(stderr, /It takes the number of a process/);
    const gone = spawnSync("true").pid;
    const nobody = await ebpf(["run", object, "--pid", `${gone}`, "--", "true"]);
    assert.equal(nobody.code, 2);
    assert.match(nobody.stderr, new RegExp(`There is no process ${gone}`));
    const all = await ebpf(["run", object, "--engine", "embedded", "--all", "--", "true"]);
    assert.equal(all.code, 1);
    assert.match(all.stderr, /events of the whole system/);
  });
});
