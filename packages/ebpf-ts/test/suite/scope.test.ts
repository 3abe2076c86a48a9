/** Whose events a program sees: the same on both engines, with somebody else at work beside. */
import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Collection } from "../../src/collection/collection.ts";
import type { Fields } from "../../src/collection/record-types.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { ownCgroup } from "../../src/engine/kernel/scope/own-cgroup.ts";
import { holdCommand, load, type LoadOptions } from "../../src/load.ts";
import { type Mounted, mountTracefs } from "../support/bpf-file-systems.ts";
import { fixturePath } from "../support/fixtures.ts";
import { NoisyNeighbour } from "../support/noise.ts";
import { cgroupsOrSkip, tracefsOrSkip } from "../support/requirements.ts";

const killNumber = process.arch === "arm64" ? 129 : 62;
const folder = mkdtempSync(join(tmpdir(), "ebpf-scope-"));
let noise: NoisyNeighbour;
let tracefs: Mounted | undefined;

before(async () => {
  if (tracefsOrSkip() === false) tracefs = mountTracefs();
  noise = await NoisyNeighbour.start();
  symlinkSync("/bin/sh", join(folder, "other-name"));
});
after(async () => {
  await noise[Symbol.asyncDispose]();
  tracefs?.unmount();
  rmSync(folder, { recursive: true });
});

interface Event {
  readonly kind: string;
  readonly number: bigint;
  readonly tgid: number;
  readonly comm: string;
}

function loadFor(engine: "auto" | EngineName, options: LoadOptions = {}): Promise<Collection> {
  return load(fixturePath("tracepoint.bpf.o"), { engine, ...options });
}

/** What a script is seen to do. */
async function eventsOf(bpf: Collection, script: string): Promise<Event[]> {
  const { exited } = await bpf.spawn("sh", ["-c", script]);
  const events: Event[] = [];
  for await (const event of bpf.ringBuf("events").events({ until: exited })) events.push(event as unknown as Event);
  return events;
}

function kills(events: readonly Event[]): Event[] {
  return events.filter(({ kind }) => kind === "KIND_ENTER");
}

async function killsOf(engine: EngineName, script: string, options: LoadOptions): Promise<Event[]> {
  await using bpf = await loadFor(engine, { variables: { only_number: killNumber }, ...options });
  await bpf.attach();
  await noise.heard();
  const events = await eventsOf(bpf, script);
  await noise.heard();
  return kills(events);
}

for (const engine of ["embedded", "kernel"] as const) {
  const skip = engine === "kernel" && (tracefsOrSkip() || cgroupsOrSkip());
  describe(`whose events they are (${engine})`, { skip, timeout: 180_000 }, () => {
    it("the command's and its descendants', nobody else's", async () => {
      const script = "kill -0 $$; (exec sh -c 'kill -0 $$'); (kill -0 $$) & wait; exec sh -c 'kill -0 $$'";
      const seen = await killsOf(engine, script, { scope: "command" });
      assert.equal(seen.length, 4);
      assert.equal(new Set(seen.map(({ tgid }) => tgid)).size, 3);
    });

    it("from the first instruction on: of the shell that waits for it nothing is seen", async () => {
      await using bpf = await loadFor(engine, { scope: "command" });
      await bpf.attach();
      const [first] = await eventsOf(bpf, ":");
      // The loader's brk(2), or whatever comes first: execve(2) itself, on its way in or out, does not.
      assert.equal(first?.kind, "KIND_RAW_ENTER");
      assert.equal(first.comm, "sh");
    });

    it("from there on also where no shell hands on the environment, which the command has as it is", async () => {
      const odd = {
        "npm_config_//host/:token": "1",
        "BASH_FUNC_f%%": "() { :; }",
        "-x": "-",
        "a b": "\n",
        IFS: ":",
        OPTIND: "7",
      };
      const env = {
        PATH: process.env["PATH"],
        ...odd,
        EBPF_TS_GO: "mine",
        PPID: "3",
        OLDPWD: "/old",
        DENO_EXTRA_STDIO_FDS: "7",
      };
      const copy = join(folder, `environment-${engine}`);
      await using bpf = await loadFor(engine, { scope: "command" });
      await bpf.attach();
      const { exited } = await bpf.spawn("cp", ["/proc/self/environ", copy], { env });
      const names = new Set<string>();
      for await (const { comm } of bpf.ringBuf("events").events({ until: exited })) names.add(String(comm));
      assert.deepEqual(await exited, { code: 0, signal: undefined });
      assert.deepEqual([...names], ["cp"]);
      const seen = readFileSync(copy, "utf8")
        .split("\0")
        .filter((line) => line !== "" && !line.startsWith("PWD="));
      const given = Object.entries(env).map(([name, value]) => `${name}=${value}`);
      // What a shell that is not dash adds is its own.
      const added = /^(SHLVL|_)=/;
      assert.deepEqual(seen.filter((line) => !added.test(line)).toSorted(), given.toSorted());
    });

    it("from there on also of a path that env(1) would take for a variable", async () => {
      const copy = join(folder, `path-${engine}`);
      mkdirSync(join(folder, `a=${engine}`));
      symlinkSync("/bin/cp", join(folder, `a=${engine}`, "cp"));
      await using bpf = await loadFor(engine, { scope: "command" });
      await bpf.attach();
      const options = { env: { ...process.env, "a-b": "c" }, cwd: folder };
      const { exited } = await bpf.spawn(`a=${engine}/cp`, ["/proc/self/environ", copy], options);
      const names = new Set<string>();
      for await (const { comm } of bpf.ringBuf("events").events({ until: exited })) names.add(String(comm));
      assert.deepEqual([...names], ["cp"]);
      assert.ok(readFileSync(copy, "utf8").split("\0").includes("a-b=c"));
    });

    it("from there on also of a script that names no interpreter", async () => {
      const file = join(folder, `bare-${engine}`);
      writeFileSync(file, "kill -0 $$\n", { mode: 0o755 });
      await using bpf = await loadFor(engine, { scope: "command", variables: { only_number: killNumber } });
      await bpf.attach();
      const { exited } = await bpf.spawn(file);
      const events: Event[] = [];
      for await (const event of bpf.ringBuf("events").events({ until: exited })) events.push(event as unknown as Event);
      assert.equal(kills(events).length, 1);
    });

    it("are none of a command that has no interpreter, whatever its environment", async () => {
      const file = join(folder, `no-interpreter-${engine}`);
      writeFileSync(file, "#!/no/such/interpreter\n", { mode: 0o755 });
      await using bpf = await loadFor(engine, { scope: "command" });
      await bpf.attach();
      for (const env of [{}, { "a-b": "1" }]) await assert.rejects(bpf.spawn(file, [], { env }), { code: "COMMAND" });
    });

    it("those of several commands at the same time", async () => {
      await using bpf = await loadFor(engine, { scope: "command", variables: { only_number: killNumber } });
      await bpf.attach();
      const commands = await Promise.all(
        Array.from({ length: 3 }, () => bpf.spawn("sh", ["-c", "kill -0 $$; kill -0 $$"])),
      );
      const exited = Promise.all(commands.map((command) => command.exited));
      const seen: Fields[] = [];
      for await (const event of bpf.ringBuf("events").events({ until: exited })) seen.push(event);
      const entered = seen.filter(({ kind }) => kind === "KIND_ENTER");
      const byCommand = (pid: number): number => entered.filter(({ tgid }) => tgid === pid).length;
      assert.deepEqual(
        commands.map(({ pid }) => byCommand(pid)),
        [2, 2, 2],
      );
      assert.equal(entered.length, 6);
    });

    it("what spawn() starts, also where load() was told nothing", async () => {
      await using bpf = await loadFor(engine, { variables: { only_number: killNumber } });
      await bpf.attach();
      await (
        await bpf.spawn("true")
      ).exited;
      assert.equal(bpf.scope.of, "command");
      const ring = bpf.ringBuf("events");
      ring.drain(() => {});
      for (let turn = 0; turn < 5; turn += 1) process.kill(process.pid, 0);
      await noise.heard();
      assert.equal(ring.drain(() => {}).delivered, 0);
      assert.equal(kills(await eventsOf(bpf, "kill -0 $$")).length, 1);
      // Attached later: the same.
      for (const link of bpf.links) await link.detach();
      await bpf.attach();
      await noise.heard();
      assert.equal(kills(await eventsOf(bpf, "kill -0 $$")).length, 1);
    });

    it("filter: by name", async () => {
      const script = `kill -0 $$; ${folder}/other-name -c 'kill -0 $$; kill -0 $$'; kill -0 $$`;
      const seen = await killsOf(engine, script, { scope: "command", filter: { comm: "other-name" } });
      assert.deepEqual(
        seen.map(({ comm }) => comm),
        ["other-name", "other-name"],
      );
    });

    it("filter: by user", async () => {
      const uid = process.getuid!();
      const script = "kill -0 $$; kill -0 $$";
      assert.equal((await killsOf(engine, script, { scope: "command", filter: { uid } })).length, 2);
      assert.equal((await killsOf(engine, script, { scope: "command", filter: { uid: uid + 1 } })).length, 0);
    });

    it("filter: by process", async () => {
      const seen = await killsOf(engine, "kill -0 $$", { scope: "command", filter: { pid: noise.pid } });
      assert.equal(seen.length, 0);
    });

    it("filter: by cgroup", { skip: cgroupsOrSkip() }, async () => {
      const empty = `${ownCgroup()}/ebpf-ts-test-${process.pid}`;
      mkdirSync(empty);
      try {
        const options = (cgroup: string): LoadOptions => ({ scope: "command", filter: { cgroup } });
        assert.equal((await killsOf(engine, "kill -0 $$", options(ownCgroup()))).length, 1);
        const inHierarchy = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))![1]!;
        assert.equal((await killsOf(engine, "kill -0 $$", options(inHierarchy))).length, 1);
        for (const cgroup of [inHierarchy, `${ownCgroup()}/`, `${empty}/..`]) {
          await using bpf = await loadFor(engine, options(cgroup));
          assert.equal(bpf.scope.filter.cgroup, ownCgroup());
        }
        assert.equal((await killsOf(engine, "kill -0 $$", options(empty))).length, 0);
      } finally {
        rmdirSync(empty);
      }
    });

    it("a command that is none leaves all as it was", async () => {
      await using bpf = await loadFor(engine);
      const before = bpf.scope.of;
      await assert.rejects(bpf.spawn("no-such-command"), { code: "COMMAND" });
      await assert.rejects(bpf.spawn("/etc/passwd"), { code: "COMMAND" });
      assert.equal(bpf.scope.of, before);
    });

    it("a command that is held: its process id is there before the object is loaded", async () => {
      await using command = await holdCommand("sh", ["-c", "read line; kill -0 $$; kill -0 $$"], {
        engine,
        stdin: "pipe",
        stdout: "ignore",
      });
      assert.ok(command.pid > 0);
      await using bpf = await loadFor("auto", { command, variables: { only_tgid: command.pid } });
      assert.equal(bpf.engine, engine);
      assert.equal(bpf.variable<number>("only_tgid").get(), command.pid);
      await bpf.attach();
      await noise.heard();
      const started = await bpf.start();
      assert.equal(started.pid, command.pid);
      started.write("go\n");
      const seen: Event[] = [];
      for await (const event of bpf.ringBuf("events").events({ until: started.exited }))
        seen.push(event as unknown as Event);
      assert.equal(seen[0]?.kind, "KIND_RAW_ENTER");
      assert.deepEqual(
        kills(seen).map(({ tgid }) => tgid),
        [command.pid, command.pid],
      );
      assert.deepEqual(await started.exited, { code: 0, signal: undefined });
      await assert.rejects(bpf.start(), { code: "BUSY" });
    });

    it("a command that is held ends without having begun: by kill(), or with the collection", async () => {
      const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);
      const killed = await holdCommand("true", [], { engine });
      assert.ok(isThere(killed.pid));
      await killed.kill();
      await killed.kill();
      assert.ok(!isThere(killed.pid));
      const left = await holdCommand("true", [], { engine });
      const bpf = await loadFor(engine, { command: left });
      await bpf.close();
      assert.ok(!isThere(left.pid));
      await assert.rejects(bpf.start(), { code: "CLOSED" });
      await using other = await loadFor(engine);
      await assert.rejects(other.start(), { code: "NOT_FOUND" });
      await assert.rejects(holdCommand("no-such-command", [], { engine }), { code: "COMMAND" });
    });

    it("misuse", async () => {
      await assert.rejects(holdCommand("", [], { engine }), TypeError);
      await assert.rejects(holdCommand("true", [], { engine: "none" as EngineName }), TypeError);
      await assert.rejects(loadFor(engine, { command: 5 } as object), TypeError);
      await using held = await holdCommand("true", [], { engine });
      await assert.rejects(loadFor(engine === "kernel" ? "embedded" : "kernel", { command: held }), TypeError);
      const cases: [options: object, name: string][] = [
        [{ scope: "all" }, "TypeError"],
        [{ filter: 5 }, "TypeError"],
        [{ filter: { tid: 5 } }, "TypeError"],
        [{ filter: { pid: "5" } }, "TypeError"],
        [{ filter: { pid: 0 } }, "RangeError"],
        [{ filter: { uid: -1 } }, "RangeError"],
        [{ filter: { comm: "" } }, "RangeError"],
        [{ filter: { comm: "sixteen-letters-" } }, "RangeError"],
        [{ filter: { cgroup: "" } }, "TypeError"],
      ];
      for (const [options, name] of cases) await assert.rejects(loadFor(engine, options), { name });
      for (const cgroup of [folder, join(folder, "nothing"), "/etc/passwd"])
        await assert.rejects(loadFor(engine, { filter: { cgroup } }), { code: "NOT_FOUND" });
    });
  });
}

describe("both engines", { skip: tracefsOrSkip() || cgroupsOrSkip(), timeout: 180_000 }, () => {
  it("see the same of a command, event by event", async () => {
    // Where a child begins, the kernel sees it return from the call that made it, which is its parent's: the command has none.
    const script = "kill -0 $$; cd /; kill -0 $$; exec sh -c 'kill -0 $$'";
    const seen: string[][] = [];
    for (const engine of ["embedded", "kernel"] as const) {
      await using bpf = await loadFor(engine, { scope: "command" });
      await bpf.attach();
      seen.push((await eventsOf(bpf, script)).map(({ kind, number }) => `${kind} ${number}`));
      assert.equal(bpf.lost, 0);
    }
    assert.ok(seen[0]!.length > 10);
    assert.deepEqual(seen[1], seen[0]);
  });

  it("the whole system is the kernel's", async () => {
    await assert.rejects(loadFor("embedded", { scope: "system" }), {
      code: "NOT_SUPPORTED",
      message: /kernel engine/,
    });
    await using bpf = await loadFor("kernel", { scope: "system", filter: { pid: noise.pid } });
    await bpf.attach();
    assert.deepEqual(bpf.scope, { of: "system", filter: { pid: noise.pid }, exceptions: [] });
    await noise.heard();
    process.kill(process.pid, 0);
    const seen = await eventsOf(bpf, "kill -0 $$");
    assert.ok(seen.length > 0);
    assert.deepEqual([...new Set(seen.map(({ tgid }) => tgid))], [noise.pid]);
  });
});
