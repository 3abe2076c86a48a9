import { deepEqual, equal, rejects } from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startTraced } from "../../src/engine/embedded/sources/ptrace/start-traced.ts";
import type { TracedCommand, TraceOptions } from "../../src/engine/embedded/sources/ptrace/start-traced.ts";
import { enterKill, isAlive, shell, until } from "./command.ts";
import { ptraceOrSkip, TestMachine } from "./machine.ts";

const mine = new Error("mine");
const fail = (): never => {
  throw mine;
};
type Reporters = Partial<Pick<TraceOptions, "onPrint" | "onFault">>;

function start(what: "print" | "fault", script: string, reporters: Reporters): Promise<TracedCommand> {
  const [file, ...args] = shell(script);
  const machine = new TestMachine({ ...enterKill, what });
  return startTraced({
    file,
    args,
    spawn: { stdin: "ignore" },
    image: machine.image,
    places: machine.programs.all,
    onPrint: () => {},
    onFault: () => {},
    ...reporters,
  });
}

/** Programs print, or fault, for ever: only the reporter's failure ends it. */
const endless = "while :; do kill -0 $$; done";

describe("functions that are told of a command", { skip: ptraceOrSkip(), timeout: 60_000 }, () => {
  const cases: [title: string, what: "print" | "fault", failing: (count: () => void) => Reporters][] = [
    ["onPrint throws", "print", (count) => ({ onPrint: () => (count(), fail()) })],
    ["onPrint rejects", "print", (count) => ({ onPrint: async () => (count(), fail()) })],
    ["onFault throws", "fault", (count) => ({ onFault: () => (count(), fail()) })],
    ["onFault rejects", "fault", (count) => ({ onFault: async () => (count(), await sleep(5), fail()) })],
  ];
  for (const [title, what, failing] of cases) {
    it(`${title}: the command is killed, and its end is rejected with that`, async () => {
      let calls = 0;
      const command = await start(
        what,
        endless,
        failing(() => (calls += 1)),
      );
      await rejects(command.exited, (error) => error === mine);
      equal(isAlive(command.pid), false);
      const before = calls;
      await command.close();
      equal(calls, before, "it is told nothing any more");
    });
  }

  it("a failure that comes after the command's end, before its promise is settled", async () => {
    const command = await start("print", "kill -0 $$", { onPrint: async () => (await sleep(300), fail()) });
    await rejects(command.exited, (error) => error === mine);
    await command.close();
  });

  it("a failure at what a descendant does that outlives the command is thrown at the end", async () => {
    let [armed, failed] = [false, false];
    const script = "(sleep 0.3; while :; do kill -0 $$ 2>/dev/null; sleep 0.05; done) & exit 6";
    const command = await start("print", script, {
      onPrint: () => {
        failed = armed;
        if (armed) fail();
      },
    });
    deepEqual(await command.exited, { code: 6, signal: undefined });
    armed = true;
    await until(() => failed, "a failure");
    await rejects(command.close(), (error) => error === mine);
    await rejects(command.close(), (error) => error === mine);
  });

  it("a reporter that works is waited for", async () => {
    const lines: string[] = [];
    const command = await start("print", "kill -0 $$; kill -0 $$", {
      onPrint: async (line) => (await sleep(50), void lines.push(line)),
    });
    await command.exited;
    deepEqual(lines, ["hi", "hi"]);
    await command.close();
  });
});
