import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import type { AttachTarget } from "../../src/attach/attach-targets.gen.ts";
import type { EngineCommand } from "../../src/engine/command.ts";
import type { EngineName } from "../../src/engine/engine-name.ts";
import { setVariable } from "../../src/spec/set-variable.ts";
import { LinkType } from "../../src/uapi/uapi.gen.ts";
import { mountTracefs, type Mounted } from "../support/bpf-file-systems.ts";
import { type Fixture, fixture, onEachEngine } from "./fixture.ts";

interface RunRecord {
  readonly program: bigint;
}

const enterKill: AttachTarget = { kind: "tracepoint", category: "syscalls", name: "sys_enter_kill" };
const killNumber = process.arch === "arm64" ? 129n : 62n;

function loaded(engine: EngineName): Promise<Fixture> {
  return fixture(engine, "links", (spec) => setVariable(spec, "kill_number", killNumber));
}

/** A shell whose system calls are watched: it does what it is written. */
class Shell {
  readonly #command: EngineCommand;
  readonly #runs: AsyncIterator<RunRecord>;

  private constructor({ bpf }: Fixture, command: EngineCommand) {
    this.#command = command;
    this.#runs = bpf.ringBuf<RunRecord>("runs").events()[Symbol.asyncIterator]();
  }

  /** On the embedded engine what is attached to a place of its own only now is not seen. */
  static async start(loadedFixture: Fixture): Promise<Shell> {
    const { bpf } = loadedFixture;
    const command = await bpf.spawn("sh", [], { stdin: "pipe" });
    bpf.variable("process").set(command.pid);
    await bpf.program("mark").attach();
    return new Shell(loadedFixture, command);
  }

  /** Calls kill(2) so often; gives the numbers of the programs that ran, in their order. */
  async kill(times: number): Promise<number[]> {
    const programs: number[] = [];
    this.#command.write(`${"kill -0 $$\n".repeat(times)}cd /\n`);
    for (;;) {
      const { value } = await this.#runs.next();
      const program = Number((value as RunRecord).program);
      if (program === 0) return programs;
      programs.push(program);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#command.endInput();
    await this.#command.exited;
  }
}

onEachEngine("links", (engine) => {
  let tracefs: Mounted | undefined;
  before(() => void (tracefs = engine === "kernel" ? mountTracefs() : undefined));
  after(() => tracefs?.unmount());

  it("attach where the section says, as long as they last", async () => {
    await using object = await loaded(engine);
    await using shell = await Shell.start(object);
    for (const [name, number] of [
      ["first", 1],
      ["raw", 4],
      ["typed", 5],
    ] as const) {
      assert.deepEqual(await shell.kill(1), []);
      const link = await object.bpf.program(name).attach();
      assert.deepEqual(await shell.kill(2), [number, number]);
      await link.detach();
      await link.detach();
      assert.equal(link.attached, false);
    }
    assert.deepEqual(await shell.kill(1), []);
  });

  it("attach where one says, also elsewhere than the section says", async () => {
    await using object = await loaded(engine);
    const { bpf } = object;
    const links = [
      await bpf.program("anywhere").attach(enterKill),
      await bpf.program("mark").attach({ ...enterKill, name: "sys_exit_kill" }),
    ];
    await links[1]!.detach();
    await using shell = await Shell.start(object);
    assert.deepEqual(await shell.kill(2), [3, 3]);
    assert.deepEqual(links[0]!.target, enterKill);
    assert.deepEqual(links[1]!.target, { ...enterKill, name: "sys_exit_kill" });
  });

  it("are listed by their collection, however they came about, and end with it", async () => {
    const object = await loaded(engine);
    const { bpf } = object;
    const names = (): (string | undefined)[] => bpf.links.map((link) => link.program);
    assert.deepEqual(names(), []);
    const told = await bpf.program("anywhere").attach(enterKill);
    const all = await bpf.attach();
    assert.deepEqual(
      all.map((link) => link.program),
      ["mark", "first", "second", "raw", "typed"],
      "those that can only be run by hand, and those that must be told where, are left alone",
    );
    assert.deepEqual(bpf.links, [told, ...all]);
    await all[1]!.detach();
    assert.deepEqual(names(), ["anywhere", "mark", "second", "raw", "typed"]);
    await bpf.close();
    assert.deepEqual(names(), []);
    for (const link of [told, ...all]) assert.equal(link.attached, false);
  });

  it("of attach() are detached again when one of them fails", async () => {
    await using object = await fixture(engine, "links", (spec) => {
      const raw = spec.programs.find(({ name }) => name === "raw")!;
      Object.assign(raw, { attachTo: "no_such_tracepoint" });
    });
    await assert.rejects(object.bpf.attach(), /raw/);
    assert.deepEqual(object.bpf.links, []);
  });

  it("tell of what they are", async () => {
    await using object = await loaded(engine);
    const { bpf } = object;
    const types = { first: LinkType.PERF_EVENT, raw: LinkType.RAW_TRACEPOINT, typed: LinkType.RAW_TRACEPOINT };
    for (const [name, type] of Object.entries(types)) {
      await using link = await bpf.program(name).attach();
      assert.deepEqual([link.program, link.map], [name, undefined]);
      assert.equal(link.info.type, type);
      assert.equal(link.info.programId, bpf.program(name).info.id);
    }
    assert.deepEqual(bpf.links, [], "await using detaches");
  });

  it("run a program once for each of them; a tracepoint takes it once at a time", async () => {
    await using object = await loaded(engine);
    const { bpf } = object;
    await bpf.program("raw").attach();
    await bpf.program("raw").attach();
    const link = await bpf.program("first").attach();
    await assert.rejects(bpf.program("first").attach(enterKill), { code: "BUSY", message: /attached there already/ });
    await link.detach();
    await bpf.program("first").attach();
    await bpf.program("second").attach();
    await using shell = await Shell.start(object);
    assert.deepEqual((await shell.kill(1)).sort(), [1, 2, 4, 4]);
  });

  it("are not used any more after their end", async () => {
    const object = await loaded(engine);
    const { bpf } = object;
    const link = await bpf.program("first").attach();
    await link.detach();
    const closed = { code: "CLOSED", message: /the link of program first: it is detached/ };
    assert.throws(() => link.info, closed);
    assert.throws(() => link.pin("/sys/fs/bpf/nothing"), closed);
    assert.throws(() => link.unpin(), closed);
    await assert.rejects(link.update(bpf.program("second")), closed);
    const program = bpf.program("first");
    await bpf.close();
    await assert.rejects(program.attach(), {
      code: "CLOSED",
      message: "Cannot attach program first: its collection is closed",
    });
  });

  it("say what is misused", async () => {
    await using object = await loaded(engine);
    const { bpf } = object;
    const refused = (name: string, told: unknown, error: object): Promise<void> =>
      assert.rejects(bpf.program(name).attach(told as AttachTarget), error);
    await refused(
      "first",
      { ...enterKill, kind: "tracepiont" },
      { name: "TypeError", message: /did you mean tracepoint/ },
    );
    await refused("first", { ...enterKill, categry: "x" }, { name: "TypeError", message: /did you mean category/ });
    await refused("first", { kind: "raw_tracepoint", name: "sys_enter" }, { name: "TypeError", message: /write SEC/ });
    await refused(
      "typed",
      { kind: "tp_btf", name: "sys_exit" },
      { name: "TypeError", message: /loaded for sys_enter/ },
    );
    await refused("by_hand", enterKill, { name: "TypeError" });
    await refused("by_hand", undefined, { feature: "attach syscall" });
    await refused("anywhere", undefined, {
      code: "NOT_FOUND",
      message: /write tracepoint\/<category>\/<name>, or say/,
    });
    const link = await bpf.program("first").attach();
    const update = (program: unknown): Promise<void> => link.update(program as never);
    await assert.rejects(update(undefined), TypeError);
    await assert.rejects(update("second"), TypeError);
    await assert.rejects(update(bpf.program("raw")), {
      name: "TypeError",
      message: /program raw: that is of type raw_tracepoint, and not tracepoint/,
    });
    assert.throws(() => link.pin(5 as never), TypeError);
    assert.throws(() => link.unpin(), { code: "NOT_FOUND", message: /is not pinned/ });
    assert.equal(link.attached, true);
  });

  it("put another program in the place of one, where that can be done", async () => {
    await using object = await loaded(engine);
    const { bpf } = object;
    const link = await bpf.program("first").attach();
    await using shell = await Shell.start(object);
    assert.deepEqual(await shell.kill(1), [1]);
    const update = link.update(bpf.program("anywhere"));
    if (engine === "kernel") {
      await assert.rejects(update, { feature: "update link", message: /replace the program of a perf_event link/ });
      assert.deepEqual(await shell.kill(1), [1]);
      return;
    }
    await update;
    assert.equal(link.program, "anywhere");
    assert.deepEqual(await shell.kill(2), [3, 3], "of a command that ran already");
    await bpf.program("first").attach();
    assert.deepEqual(await shell.kill(1), [3, 1]);
    await link.detach();
    assert.deepEqual(await shell.kill(1), [1]);
  });

  it("of another collection's program", async () => {
    await using object = await loaded(engine);
    await using other = await loaded(engine);
    const link = await object.bpf.program("first").attach();
    const update = link.update(other.bpf.program("second"));
    if (engine === "kernel") await assert.rejects(update, { feature: "update link" });
    else await assert.rejects(update, { name: "TypeError", message: /belongs to another collection/ });
  });

  it("are pinned by the kernel engine alone", async () => {
    if (engine === "kernel") return;
    await using object = await loaded(engine);
    const link = await object.bpf.program("first").attach();
    assert.throws(() => link.pin("/sys/fs/bpf/link"), { code: "NOT_SUPPORTED", feature: "pin" });
  });
});
