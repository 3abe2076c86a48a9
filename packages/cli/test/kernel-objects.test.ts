/** `ebpf prog`, `map`, `link` and `btf`, over objects of the test's own, beside what bpftool says of them. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { type Collection, load, type Program } from "ebpf-ts";
import { findMap, findProgram } from "ebpf-ts/kernel";
import { parse } from "ebpf-ts/spec";
import { ebpf, root, runFile } from "./ebpf.ts";
import { kernelOrSkip, mountTracefs, rootOrSkip } from "./requirements.ts";

const fixtures = "packages/ebpf-ts/test/fixtures";
const fixture = (name: string): string => join(root, fixtures, `${name}.bpf.o`);

type Facts = Readonly<Record<string, unknown>>;

function bpftool(...words: readonly string[]): Facts {
  return JSON.parse(execFileSync("bpftool", ["-j", ...words], { encoding: "utf8" })) as Facts;
}

async function json(...words: readonly string[]): Promise<unknown> {
  const { code, stdout, stderr } = await ebpf([...words, "--json"]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

/** Those of ours that bpftool has too are equal, but for what changes from one look to the next. */
function assertAgrees(ours: Facts, theirs: Facts, names: readonly string[]): void {
  for (const name of names) assert.deepEqual(ours[name], theirs[name], name);
}

function u32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

describe("ebpf prog, map, link, btf", { skip: kernelOrSkip() || rootOrSkip("to list what is loaded") }, () => {
  let bpf: Collection;
  let program: Program;
  let bpffs: string;
  before(async () => {
    bpf = await load(fixture("links"), { engine: "kernel" });
    program = bpf.program("raw");
    await program.attach({ kind: "raw_tracepoint", name: "sys_enter" });
    bpffs = mkdtempSync(join(tmpdir(), "ebpf-bpffs-"));
    execFileSync("mount", ["-t", "bpf", process.env["EBPF_TS_TEST_RUN"] ?? "bpf", bpffs]);
  });
  after(async () => {
    await bpf.close();
    execFileSync("umount", [bpffs]);
    rmdirSync(bpffs);
  });

  const programFacts = ["id", "type", "name", "tag", "gpl_compatible", "uid", "bytes_xlated", "jited", "bytes_jited"];

  it("prog list and show agree with bpftool", async () => {
    const listed = (await json("prog", "list")) as Facts[];
    for (const { info } of bpf.programs.values()) {
      const theirs = bpftool("prog", "show", "id", `${info.id}`);
      const ours = listed.find(({ id }) => id === info.id)!;
      assertAgrees(ours, theirs, [...programFacts, "bytes_memlock", "map_ids", "btf_id"]);
      assert.deepEqual((ours["pids"] as Facts[])[0]!["pid"], process.pid);
      assertAgrees((await json("prog", "show", `${info.id}`)) as Facts, theirs, programFacts);
    }
    const typed = (await json("prog", "show", `${bpf.program("typed").info.id}`)) as Facts;
    assert.equal(typed["attach_to"], "btf_trace_sys_enter");
    const { stdout } = await ebpf(["prog", "list"], { env: { COLUMNS: "300" } });
    assert.match(stdout, /^ +ID +TYPE +NAME +TAG +LOADED +MEMORY +MAPS +HELD BY\n/);
    const row = `${program.info.id}  raw_tracepoint +raw +${program.info.tag} +\\d{4}-\\d\\d-\\d\\d .* ${process.pid}`;
    assert.match(stdout, new RegExp(row));
  });

  it("map list agrees with bpftool", async () => {
    const listed = (await json("map", "list")) as Facts[];
    const names = ["id", "type", "name", "flags", "bytes_key", "bytes_value", "max_entries", "bytes_memlock", "frozen"];
    for (const id of bpftool("prog", "show", "id", `${program.info.id}`)["map_ids"] as number[]) {
      const ours = listed.find((each) => each["id"] === id)!;
      assertAgrees(ours, bpftool("map", "show", "id", `${id}`), [...names, "btf_id"]);
      assertAgrees((await json("map", "show", `${id}`)) as Facts, ours, names);
    }
  });

  it("link list agrees with bpftool, and says where it is", async () => {
    const [theirs] = (bpftool("link", "list") as unknown as Facts[]).filter(
      (link) => link["prog_id"] === program.info.id,
    );
    const [ours] = ((await json("link", "list")) as Facts[]).filter((link) => link["prog_id"] === program.info.id);
    assertAgrees(ours!, theirs!, ["id", "type", "prog_id", "tp_name"]);
    const { stdout } = await ebpf(["link", "show", String(ours!["id"])]);
    assert.match(stdout, new RegExp(`program +${program.info.id} raw\\n +tracepoint +sys_enter\\n`));
    const detached = await ebpf(["link", "detach", String(ours!["id"])]);
    assert.equal(detached.code, 1);
    assert.match(detached.stderr, /^ebpf: Cannot detach link \d+: the kernel detaches no link of its type/);
  });

  it("lists of maps, links and BTF have all that bpftool tells", async () => {
    await using calling = await load(fixture("tail-calls"), { engine: "kernel" });
    await using iterators = await load(fixture("iterators"), { engine: "kernel" });
    await iterators.attach();
    const own = [bpf, calling, iterators].flatMap(({ programs }) => [...programs.values()].map(({ info }) => info.id));
    const shown = own.map((id) => bpftool("prog", "show", "id", `${id}`));
    const idsOf = (name: string): unknown[] => [...new Set(shown.flatMap((each) => each[name] ?? []))];
    const listed = (kind: string): Facts[] => bpftool(kind, "list") as unknown as Facts[];
    const theirs: Readonly<Record<string, Facts[]>> = {
      // One by one: bpftool's list has what it knows of one map at the next one too.
      map: idsOf("map_ids").map((id) => bpftool("map", "show", "id", `${String(id)}`)),
      link: listed("link").filter((each) => own.includes(each["prog_id"] as number)),
      btf: listed("btf").filter(({ id, name }) => name === "vmlinux" || idsOf("btf_id").includes(id)),
    };
    const inOrder = (value: unknown): unknown => (Array.isArray(value) ? value.toSorted() : value);
    for (const [kind, all] of Object.entries(theirs)) {
      const ours = (await json(kind, "list")) as Facts[];
      assert.ok(all.length > 1, `${all.length} of ${kind}`);
      for (const each of all) {
        const same = ours.find(({ id }) => id === each["id"])!;
        for (const [name, value] of Object.entries(each))
          assert.deepEqual(inOrder(same[name]), inOrder(value), `${kind} ${String(each["id"])} ${name}`);
      }
    }
    assert.ok(theirs["map"]!.some((each) => "owner_prog_type" in each));
    assert.ok(theirs["link"]!.some((each) => "target_name" in each));
  });

  it("link detach takes a program away, and leaves the link", async () => {
    // In a network namespace of its own, whose loopback interface nobody else has.
    const script = `
      import { execFileSync } from "node:child_process";
      import { load } from ${JSON.stringify(import.meta.resolve("ebpf-ts"))};
      const bpf = await load(${JSON.stringify(fixture("net"))}, { engine: "kernel", only: ["xdp_first"] });
      const { info } = await bpf.program("xdp_first").attach({ kind: "xdp", interface: "lo" });
      for (const verb of ["show", "detach", "show"])
        process.stdout.write(execFileSync(process.execPath, ["packages/cli/bin/ebpf.js", "link", verb, String(info.id), "--json"]));
      await bpf.close();
    `;
    const words = ["-n", process.execPath, "--input-type=module", "-e", script];
    const { code, stdout, stderr } = await runFile("unshare", words);
    assert.equal(code, 0, stderr);
    const [before, done, behind] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Facts);
    assert.deepEqual([before!["devname"], before!["ifindex"]], ["lo", 1]);
    assert.deepEqual(done, { id: before!["id"], detached: true });
    assert.deepEqual([behind!["devname"], behind!["ifindex"]], ["(detached)", 0]);
  });

  it("btf list agrees with bpftool", async () => {
    const id = bpftool("prog", "show", "id", `${program.info.id}`)["btf_id"] as number;
    const theirs = (bpftool("btf", "list") as unknown as Facts[]).find((each) => each["id"] === id)!;
    const ours = ((await json("btf", "list")) as Facts[]).find((each) => each["id"] === id)!;
    assertAgrees(ours, theirs, ["id", "size"]);
    const sorted = (ids: unknown): number[] => (ids as number[]).toSorted((a, b) => a - b);
    for (const name of ["prog_ids", "map_ids"]) assert.deepEqual(ours[name], sorted(theirs[name]), name);
  });

  it("prog dump prints what bpftool does, with C lines", async () => {
    const id = `${program.info.id}`;
    const [part] = (await json("prog", "dump", id)) as { insns: { at: number; text: string; src?: string }[] }[];
    const theirs = bpftool("prog", "dump", "xlated", "id", id) as unknown as Facts[];
    assert.equal(part!.insns.length, theirs.filter((each) => "disasm" in each).length);
    assert.ok(part!.insns.some(({ text }) => text === "call bpf_ringbuf_reserve"));
    assert.ok(part!.insns.some(({ text }) => text === "r1 = map[runs] ll"));
    assert.ok(part!.insns.some(({ src }) => src === "run->program = program;"));
    const { stdout } = await ebpf(["prog", "dump", program.info.tag, "--no-source"]);
    assert.match(stdout, /^raw:\n +0: r1 = \*\(u64 \*\)\(r1 \+ 8\)\n +1: /);
  });

  it("prog dump jited prints machine code, where the kernel compiles", async () => {
    const id = `${program.info.id}`;
    const { code, stdout, stderr } = await ebpf(["prog", "dump", id, "jited"]);
    if (bpftool("prog", "show", "id", id)["jited"] !== true) {
      assert.match(stderr, /it is interpreted/);
      return;
    }
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^raw:\n(; .*\n)? +0: /);
    assert.match(stdout, /; \trun->program = program;|; run->program = program;/);
  });

  it("map dump prints entries by their types", async () => {
    await using maps = await load(join(root, "packages/cli/test/fixtures/show-maps.bpf.o"), { engine: "kernel" });
    const counts = maps.map("counts");
    counts.set({ number: 7, comm: "seven" }, { count: 3n, sum: 1n << 60n });
    const id = `${counts.info.id}`;
    const { code, stdout, stderr } = await ebpf(["map", "dump", id]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^ *NUMBER +COMM +COUNT +SUM\n/);
    assert.match(stdout, /\n +7 +seven +3 +1152921504606846976\n$/);
    assert.deepEqual(await json("map", "dump", id), {
      key: { number: 7, comm: "seven" },
      value: { count: 3, sum: "1152921504606846976" },
    });
    const perCpu = maps.map("by_rest");
    perCpu.set(2, 5n);
    const lines = (await ebpf(["map", "dump", `${perCpu.info.id}`])).stdout.split("\n");
    assert.match(lines[0]!, /^KEY +CPU +VALUE$/);
    assert.ok(lines.some((line) => /^ *2 +0 +5$/.test(line)));
    const empty = await ebpf(["map", "dump", `${maps.map("untyped").info.id}`]);
    assert.deepEqual([empty.code, empty.stdout, empty.stderr], [0, "", "The map is empty.\n"]);
  });

  it("pins, and takes pins for names", async () => {
    const path = join(bpffs, "raw");
    assert.deepEqual(await ebpf(["prog", "pin", `${program.info.id}`, path]), {
      code: 0,
      signal: null,
      stdout: "",
      stderr: "",
    });
    assert.equal(((await json("prog", "show", path)) as Facts)["id"], program.info.id);
    assert.deepEqual(((await json("prog", "show", path)) as Facts)["pinned"], [path]);
    const second = join(bpffs, "second");
    assert.deepEqual(await json("prog", "pin", path, second), { id: program.info.id, pinned: [second] });
    rmSync(second);
    const asMap = await ebpf(["map", "show", path]);
    assert.match(asMap.stderr, /^ebpf: Cannot find map pinned at .*, what is pinned there is a program$/m);
    const { code, stderr } = await ebpf(["prog", "show", join(bpffs, "rav")]);
    assert.deepEqual(
      [code, stderr],
      [1, `ebpf: Cannot find program pinned at ${bpffs}/rav: there is none in the kernel, did you mean ${path}?\n`],
    );
  });

  it("map dump ends when nobody reads it any more", async () => {
    const edited = parse(readFileSync(join(root, "packages/cli/test/fixtures/show-maps.bpf.o")));
    edited.maps.find(({ name }) => name === "untyped")!.maxEntries = 300_000;
    await using maps = await load(edited, { engine: "kernel" });
    const map = maps.map("untyped");
    map.setMany(Array.from({ length: 200_000 }, (_, key) => [u32(key), new Uint8Array(8)] as [unknown, unknown]));
    const shell = `node packages/cli/bin/ebpf.js map dump ${map.info.id} --json | head -n 1`;
    const { code, stdout, stderr } = await runFile("sh", ["-c", shell]);
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout.split("\n").length, 2);
  });

  it("loads an object's programs, and pins them: all or none", async () => {
    const folder = join(bpffs, "loaded");
    const made = (await json("prog", "load", fixture("kernel-run"), folder)) as Facts[];
    assert.deepEqual(made.map(({ name }) => name).sort(), ["flip", "only_attached", "second_argument", "sum"]);
    const again = await ebpf(["prog", "load", fixture("kernel-run"), folder]);
    assert.deepEqual([again.code, /there is something of that name/.test(again.stderr)], [1, true]);
    for (const { id, name } of made) assert.equal(findProgram(id as number)?.name, name);
    rmSync(join(folder, "sum"));
    assert.equal((await ebpf(["prog", "load", fixture("kernel-run"), folder])).code, 1);
    assert.ok(!existsSync(join(folder, "sum")), "what was pinned before the failure is not any more");
    for (const name of readdirSync(folder)) rmSync(join(folder, name));
  });

  it("names that are not there, and what is none of it", async () => {
    const near = await ebpf(["prog", "show", "rawx"]);
    assert.equal(near.code, 1);
    assert.match(near.stderr, /^ebpf: Cannot find program "rawx": there is none in the kernel, did you mean raw\?\n$/);
    const used = findProgram(bpf.program("first").info.id)!.maps.map((id) => findMap(id)!);
    const ring = await ebpf(["map", "dump", `${used.find(({ typeName }) => typeName === "ringbuf")!.id}`]);
    assert.match(ring.stderr, /^ebpf: Cannot show what is in map \d+ \(runs\): it is a ringbuf, whose content/);
    const command = await ebpf(["prog", "lst"]);
    assert.deepEqual([command.code, command.stderr.includes("Did you mean list?")], [2, true]);
    assert.equal((await ebpf(["btf", "dump", "/none"])).stderr, "ebpf: Cannot read /none: there is no such file\n");
  });
});

describe("ebpf feature", { skip: kernelOrSkip() }, () => {
  it("shows what the kernel has, and since when", async () => {
    const { code, stdout, stderr } = await ebpf(["feature"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Linux \d.*\n\nProgram types\nNAME +HERE +SINCE +WHY\n/);
    assert.match(stdout, /^tracepoint +yes +4\.7$/m);
    assert.match(stdout, /^ringbuf +yes +5\.8$/m);
    const helpers = (await json("feature", "--helpers", "tracepoint")) as { helpers: Facts[] };
    const outcomeOf = (name: string): unknown => helpers.helpers.find((each) => each["name"] === name)?.["outcome"];
    assert.deepEqual([outcomeOf("bpf_ktime_get_ns"), outcomeOf("bpf_skb_load_bytes")], ["yes", "no"]);
    const wrong = await ebpf(["feature", "--helpers", "xdpx"]);
    assert.deepEqual([wrong.code, wrong.stderr.startsWith("ebpf: There is no program type xdpx")], [2, true]);
  });
});

/** kill(2) of a process that there cannot be. */
function probe(pid: number): void {
  try {
    process.kill(pid, 0);
  } catch {
    // There is none.
  }
}

describe("ebpf top, prog tracelog, and what the verifier says", { skip: kernelOrSkip() }, () => {
  it("top counts the runs of a program while it is there", async () => {
    await using bpf = await load(fixture("kernel-run"), { engine: "kernel" });
    const sum = bpf.program("sum");
    const ended = new AbortController();
    const runs = (async () => {
      while (!ended.signal.aborted) {
        await sum.run({ context: new Uint8Array(24) });
        await nextTurn();
      }
    })();
    const args = ["top", "--json", "--interval", "0.2", "--count", "3", "--top", "1000"];
    const { code, stdout, stderr } = await ebpf(args);
    ended.abort();
    await runs;
    assert.equal(code, 0, stderr);
    const pictures = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { programs: Facts[] });
    assert.equal(pictures.length, 3);
    const own = pictures.flatMap(({ programs }) => programs.filter((each) => each["id"] === sum.info.id));
    assert.ok(own.length > 0, "it ran");
    for (const each of own) {
      assert.deepEqual([each["type"], each["name"], each["tag"]], ["syscall", "sum", sum.info.tag]);
      assert.ok((each["runsPerSecond"] as number) > 0 && (each["cpuPercent"] as number) > 0);
    }
    assert.equal((await ebpf(["top", "--interval", "0"])).code, 2);
  });

  it("tracelog prints what a program prints, and takes it from nobody", async () => {
    const unmount = mountTracefs();
    try {
      // No other process asks for such numbers.
      const base = 0x4000_0000 + (process.pid % 100_000) * 1000;
      const path = join(root, "packages/cli/test/fixtures/show-printk.bpf.o");
      await using bpf = await load(path, { engine: "kernel", variables: { base } });
      await bpf.attach();
      const said = `kill ${process.pid % 400}`;
      let stopped = false;
      // It says nothing once it listens: so it is told again and again.
      const timer = setInterval(() => probe(base + (process.pid % 400)), 20);
      const { code, stdout, stderr } = await ebpf(["prog", "tracelog", "--json"], {
        onOutput: (output, pid) => {
          // Once: a second one would end it at once.
          if (!stopped && output.includes(`"${said}"`)) stopped = process.kill(pid, "SIGINT");
        },
      });
      clearInterval(timer);
      assert.equal(code, 130, stderr);
      const lines = stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Facts);
      const own = lines.find(({ text }) => text === said)!;
      // A thread of this process: Deno runs tests on one of its own.
      assert.ok(existsSync(`/proc/${process.pid}/task/${own["pid"] as number}`));
      assert.ok(Math.abs(Date.parse(own["time"] as string) - Date.now()) < 120_000);
    } finally {
      unmount();
    }
  });

  it("a program that the verifier refuses is told with the way there", async () => {
    const { code, stderr } = await ebpf(["run", fixture("kernel-refused"), "--engine", "kernel"]);
    assert.equal(code, 1);
    const [first, second, ...lines] = stderr.split("\n");
    assert.match(first!, /^ebpf: Cannot load program long_way: refused by the verifier at .*: R0 invalid mem access/);
    assert.match(second!, /^The way there, after [\d,]+ instructions:$/);
    const last = lines.findIndex((line) => line.startsWith("→"));
    assert.match(lines[last - 1]!, /^ {2}; return \*value;/);
    assert.match(lines[last]!, /^→ +\d+: \(79\) r0 = \*\(u64 \*\)\(r0 \+0\)$/);
    assert.match(lines[last + 1]!, /^ {2}before it: R0 map_value_or_null\(/);
  });
});
