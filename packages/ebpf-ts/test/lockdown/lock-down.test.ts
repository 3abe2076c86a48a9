import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { load as loadEmbedded } from "../../src/embedded.ts";
import type { LockDownOptions } from "../../src/engine/lock-down.ts";
import { isRoot, platform } from "../../src/host/this-process.ts";
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";
import { kernelOrSkip, orFail } from "../support/requirements.ts";
import { nobody } from "./child.ts";

const run = promisify(execFile);

/** What the process said of each thing that it tried. */
async function outcomes(child: string, ...args: readonly string[]): Promise<Map<string, string>> {
  return outcomesOf(process.execPath, scriptOf(child), ...args);
}

function scriptOf(child: string): string {
  return fileURLToPath(new URL(`./${child}.js`, import.meta.url));
}

/** To be followed by what an ordinary user is to run. */
const asUser = ["setpriv", `--reuid=${nobody.uid}`, `--regid=${nobody.gid}`, "--clear-groups"];

async function outcomesOf(...[file = "", ...args]: readonly string[]): Promise<Map<string, string>> {
  const { stdout } = await run(file, args, { timeout: 110_000 });
  const lines = stdout.trimEnd().split("\n");
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]));
}

function setprivOrSkip(): string | false {
  if (!isRoot()) return orFail("only root becomes another user");
  return existsSync("/usr/bin/setpriv") ? false : orFail("there is no setpriv on this host");
}

const linuxOrSkip = platform === "linux" ? false : "only Linux has seccomp filters";
const kernelAndRoot = kernelOrSkip() || orFail(isRoot() ? false : "only root becomes another user");

describe("lockDown, on the kernel", { skip: kernelAndRoot, timeout: 300_000 }, () => {
  it("leaves an ordinary user the whole data plane of what root loaded", async () => {
    const found = await outcomes("plane-child");
    const ended = found.get("ended")!;
    assert.match(ended, /Perf event array|Objects cannot be loaded/);
    found.delete("ended");
    assert.deepEqual(Object.fromEntries(found), {
      user: "ok 65534",
      ring: "ok 7",
      inject: "ok 9",
      dispatch: "ok 5",
      workers: "ok 2",
      arena: "ok 1005",
      "user ring": "ok 41",
      perf: "ok 3",
      array: "ok 4",
      "mapped array": "ok 7",
      variable: "ok 77",
      hash: "ok 1",
      detach: "ok",
      close: "ok",
    });
  });

  for (const files of ["none", "read"]) {
    it(`tells what it denies, and by what (files: ${files})`, async () => {
      const found = await outcomes("denied-child", files);
      const by = "this process was locked down by its seccomp filter, which";
      const noFiles = `${by} opens no files (files: "none") (EPERM)`;
      const nothingNew = `${by} leaves what is loaded and attached, and nothing new`;
      const ofFiles = (otherwise: string): string => (files === "none" ? noFiles : otherwise);
      const expected: Record<string, string> = {
        "with a command":
          "BUSY Cannot lock down: user 65534 could not end the command sleep, which runs; end it before, or start it as that user",
        ptrace: "ok EPERM",
        bpf: "ok EPERM",
        socket: "ok ECONNREFUSED",
        map: "ok 2",
        again: "ok none",
        "socket after that": "ok EPERM",
        close: "ok",
        attach: `NO_PRIVILEGE Cannot attach program on_raw_tracepoint: ${nothingNew}`,
        spawn: `NO_PRIVILEGE Cannot start true: ${by} starts no processes`,
        inject: `NO_PRIVILEGE Cannot inject into ring events: ${nothingNew}`,
      };
      for (const [name, outcome] of Object.entries(expected)) assert.equal(found.get(name), outcome, name);
      for (const name of ["setuid", "exec", "spawn of Node", "write a file"]) {
        assert.match(found.get(name)!, /^EPERM /, name);
      }
      for (const name of ["load", "open by id", "perf"]) {
        const outcome = found.get(name)!;
        assert.match(outcome, /^NO_PRIVILEGE Cannot (load|read|open|ask) /, name);
        assert.ok(outcome.includes(ofFiles(nothingNew)), outcome);
      }
      assert.match(found.get("pin")!, /^NO_PRIVILEGE Cannot pin map .*: this process was locked down/);
      assert.match(found.get("again as root")!, /locked down before and is user 65534, and stays who it is$/);
      assert.match(found.get("size")!, /^RangeError The size of prepareInjection\(\)/);
      if (files === "none") {
        assert.match(
          found.get("workers")!,
          /^NO_PRIVILEGE Cannot start a worker .* opens no files, and so loads no modules/,
        );
        assert.match(
          found.get("shared ring")!,
          /^NO_PRIVILEGE Cannot .*: this process was locked down by its seccomp filter/,
        );
        return;
      }
      assert.equal(found.get("dumpable"), "ok true");
      assert.equal(found.get("read a file"), "ok");
      const nobody = `Uid:${"\t65534".repeat(4)}`;
      const none = "0".repeat(16);
      const empty = ["CapPrm", "CapEff", "CapAmb"].map((set) => `${set}:\t${none}`).join("; ");
      assert.equal(found.get("status"), `ok ${nobody}; ${empty}; NoNewPrivs:\t1; Seccomp:\t2`);
    });
  }
});

describe("lockDown, on the embedded engine", { skip: linuxOrSkip, timeout: 300_000 }, () => {
  it("a traced command goes on, and no other starts", async () => {
    const found = await outcomesOf(...(isRoot() ? asUser : []), process.execPath, scriptOf("embedded-child"));
    assert.match(found.get("without files")!, /^BUSY .* is traced, for which files of \/proc are read/);
    assert.match(found.get("as another")!, /^NO_PRIVILEGE .* takes root, or CAP_SETUID and CAP_SETGID$/);
    assert.match(found.get("ended")!, /Commands cannot be started/);
    assert.equal(found.get("goes on"), "ok 3 with events");
    assert.match(found.get("spawn")!, /^NO_PRIVILEGE Cannot start true: this process was locked down by its seccomp/);
    assert.equal(found.get("run"), "ok 2");
    assert.equal(found.get("close"), "ok");
  });

  it("a page has nothing to give up", async () => {
    const bpf = await loadEmbedded(readFileSync(fixturePath("maps.bpf.o")));
    await assert.rejects(bpf.lockDown(), { code: "NOT_SUPPORTED" });
    await bpf.close();
    await assert.rejects(bpf.lockDown(), { code: "CLOSED" });
  });

  it("options are checked before anything is done", async () => {
    const bpf = await load(readFileSync(fixturePath("maps.bpf.o")), { engine: "embedded" });
    const refused = (options: object): Promise<void> => assert.rejects(bpf.lockDown(options), TypeError);
    await refused({ users: nobody });
    await refused({ user: "nobody" });
    await refused({ user: { uid: 1 } });
    await refused({ user: { ...nobody, groups: [1, "2"] } });
    await refused({ capabilities: "all" });
    await refused({ seccomp: { files: "some" } });
    await refused({ seccomp: { file: "none" } });
    await refused({ readOnly: 1 });
    await assert.rejects(bpf.lockDown({ user: { uid: -1, gid: 1 } }), RangeError);
    await assert.rejects(bpf.lockDown({ inject: ["no-such-ring"] }), { code: "NOT_FOUND" });
    await bpf.close();
  });
});

for (const engine of ["kernel", "embedded"] as const) {
  const skip = engine === "kernel" ? kernelAndRoot : linuxOrSkip;
  it(`lockDown: nothing but programs writes what is read-only (${engine})`, { skip, timeout: 120_000 }, async () => {
    const found = await outcomes("read-only-child", engine);
    assert.match(found.get("held")!, /^BUSY Cannot make the maps read-only: memory of counters was given away/);
    assert.equal(found.get("still written"), "ok 1");
    assert.equal(found.get("ended"), "ok as told");
    const memory = ["memory that was open", "atomic", "member", "memory", "variable that was open", "variable"];
    const by = "this process was locked down by lockDown({ readOnly: true })";
    for (const name of memory)
      assert.match(found.get(name)!, /^NO_PRIVILEGE Cannot write to the memory of .* locked down by/, name);
    for (const name of ["by key", "delete"]) assert.match(found.get(name)!, /^NO_PRIVILEGE Cannot /, name);
    for (const name of [...memory, "by key", "delete"]) assert.ok(found.get(name)!.endsWith(by), found.get(name));
    assert.equal(found.get("plain array"), "ok undefined");
    // The filter is the whole process's, and keeps others from the kernel's maps too.
    if (engine === "kernel") assert.ok(found.get("another collection")!.includes(by));
    assert.equal(found.get("program"), "ok 7 7 2");
    assert.equal(found.get("close"), "ok");
  });
}

describe("lockDown: whose capabilities go", { skip: setprivOrSkip(), timeout: 300_000 }, () => {
  const bit = (...capabilities: number[]): string =>
    capabilities
      .reduce((set, capability) => set | (1n << BigInt(capability)), 0n)
      .toString(16)
      .padStart(16, "0");
  const [readSearch, setuid, bpf] = [2, 7, 39];
  const none = bit();

  /** Starts it as nobody, with capabilities; `dac_read_search` lets it read its modules wherever they are. */
  function asNobody(
    capabilities: string,
    options: LockDownOptions,
    ...args: readonly string[]
  ): Promise<Map<string, string>> {
    const sets = `--inh-caps=-all,${capabilities} --ambient-caps=-all,${capabilities} --bounding-set=-all,${capabilities}`;
    return outcomesOf(
      ...asUser,
      ...sets.split(" "),
      process.execPath,
      scriptOf("capable-child"),
      JSON.stringify(options),
      ...args,
    );
  }

  it("those of all threads, where it may change its user", async () => {
    const found = await asNobody("+dac_read_search,+setuid,+bpf", { seccomp: { files: "read" } });
    const before = bit(readSearch, setuid, bpf);
    const uid = "Uid: 65534 65534 65534 65534";
    assert.equal(found.get("before"), `ok ${uid} CapPrm: ${before} CapEff: ${before} NoNewPrivs: 0 Seccomp: 0`);
    assert.equal(found.get("lock down"), "ok");
    assert.equal(found.get("after"), `ok ${uid} CapPrm: ${none} CapEff: ${none} NoNewPrivs: 1 Seccomp: 2`);
    assert.equal(found.get("map"), "ok");
  });

  it("none, where threads cannot be made to: it says so, and nothing was done", async () => {
    const found = await asNobody("+dac_read_search,+bpf", { seccomp: false });
    assert.match(
      found.get("lock down")!,
      /^NO_PRIVILEGE .* only a thread itself can empty its own; give it CAP_SETUID as well/,
    );
    assert.equal(found.get("after"), found.get("before"));
    const kept = await asNobody("+dac_read_search,+bpf", { seccomp: false, capabilities: "keep" });
    assert.equal(kept.get("lock down"), "ok");
    assert.equal(
      kept.get("after"),
      kept.get("before")!.replace("NoNewPrivs: 0 Seccomp: 0", "NoNewPrivs: 1 Seccomp: 2"),
    );
  });

  it("not those of root, who is to say whom it becomes", async () => {
    const attempts: readonly (readonly [LockDownOptions, RegExp])[] = [
      [{}, /^NO_PRIVILEGE .*: root cannot empty the capabilities of all its threads, name another user/],
      [{ user: { uid: 0, gid: 1 } }, /^NO_PRIVILEGE .*: root has capabilities, name another user/],
      [{ user: nobody, capabilities: "keep" }, /^NOT_SUPPORTED .*: the capabilities of root go with its name/],
      [{ user: nobody, seccomp: { allow: ["no_such_call"] } }, /^NOT_FOUND .*: there is no system call no_such_call/],
    ];
    for (const [options, message] of attempts) {
      const found = await outcomes("capable-child", JSON.stringify(options));
      assert.match(found.get("lock down")!, message);
      assert.equal(found.get("after"), found.get("before"));
    }
  });

  it("in the main thread only", async () => {
    const found = await outcomes("capable-child", JSON.stringify({ user: nobody }), "in a thread");
    assert.match(found.get("lock down")!, /^NOT_SUPPORTED Cannot lock down from a thread/);
    assert.equal(found.get("after"), found.get("before"));
  });

  it("halfway, where a step fails: the error says what was done", async () => {
    const found = await outcomes("half-child");
    assert.equal(
      found.get("done"),
      "groups are none; group is 65534; user is 65534; capabilities are none; this thread gets no new privileges",
    );
    assert.match(
      found.get("lock down")!,
      /^NO_PRIVILEGE Cannot lock down whole: "system calls are filtered" is not so \(thread \d+ has a filter of its own\)/,
    );
    assert.equal(found.get("user"), "ok 65534");
    assert.equal(found.get("map"), "ok");
  });

  it("groups as well, and only those that are named stay", async () => {
    const found = await outcomes("capable-child", JSON.stringify({ user: { ...nobody, groups: [7] }, seccomp: false }));
    assert.equal(found.get("lock down"), "ok");
    assert.match(
      found.get("after")!,
      new RegExp(`^ok Uid: 65534 65534 65534 65534 CapPrm: ${none} CapEff: ${none} NoNewPrivs: 1`),
    );
    assert.equal(found.get("groups"), "ok 7, and 65534 itself");
  });
});
