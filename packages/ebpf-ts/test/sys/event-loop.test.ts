import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { describe, it } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { onDefaultLoop } from "../../src/host/this-process.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { watchByLoop } from "../../src/sys/poll/event-loop.ts";

const options = { skip: !onDefaultLoop && "this thread does not run on libuv's default loop" };
const sys = (): ReturnType<typeof linuxSys> => linuxSys();

/** The modules, an eventfd, and what makes it readable, which it then stays. */
const preamble = `
  const { closeSync } = await import("node:fs");
  const { linuxSys } = await import(${JSON.stringify(new URL("../../src/sys/ffi/linux.js", import.meta.url).href)});
  const { watchByLoop } = await import(${JSON.stringify(new URL("../../src/sys/poll/event-loop.js", import.meta.url).href)});
  const sys = linuxSys();
  const fd = sys.eventfd();
  const raise = () => sys.signal(fd);
`;

/** How a process ends that runs the script, and what it printed. */
async function run(script: string): Promise<{ code: number | null; signal: string | null; output: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", preamble + script], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => (output += text.toString()));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  return { code, signal, output };
}

describe("the event loop watches a descriptor", options, () => {
  it("for each copy of the library in a process", async () => {
    const address = new URL("../../src/sys/poll/event-loop.js", import.meta.url).href;
    for (const copy of ["1", "2"]) {
      const { watchByLoop: watchByCopy } = (await import(`${address}?copy=${copy}`)) as {
        watchByLoop: typeof watchByLoop;
      };
      const fd = sys().eventfd();
      sys().signal(fd);
      const called = new Promise<void>((resolve) => {
        const watch = watchByCopy(fd, () => {
          watch?.close();
          resolve();
        });
        assert.ok(watch !== undefined);
        watch.hold(true);
      });
      await called;
      closeSync(fd);
    }
  });

  it("calls back once in a turn while it is readable, and others have their turn", async () => {
    const fd = sys().eventfd();
    let calls = 0;
    const watch = watchByLoop(fd, () => (calls += 1));
    assert.ok(watch !== undefined);
    watch.hold(true);
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    assert.equal(calls, 0);
    sys().signal(fd);
    const callsPerTurn: number[] = [];
    for (let turn = 0; turn < 20; turn++) {
      const before = calls;
      await nextTurn();
      callsPerTurn.push(calls - before);
    }
    assert.ok(calls >= 10, `${calls} calls in 20 turns`);
    assert.ok(Math.max(...callsPerTurn) <= 1, String(callsPerTurn));
    watch.close();
    watch.close();
    watch.hold(true);
    const then = calls;
    for (let turn = 0; turn < 10; turn++) await nextTurn();
    assert.equal(calls, then);
    closeSync(fd);
  });

  it("takes what no poller takes as undefined, and lets go of a descriptor before it is closed, 20,000 times", async () => {
    assert.equal(
      watchByLoop(1_000_000, () => {}),
      undefined,
    );
    for (let time = 0; time < 20_000; time++) {
      const fd = sys().eventfd();
      sys().signal(fd);
      watchByLoop(fd, () => {})!.close();
      closeSync(fd);
      if (time % 1000 === 0) await nextTurn();
    }
  });

  it("a thousand at once, each closed within a call of another", async () => {
    const fds = Array.from({ length: 1000 }, () => sys().eventfd());
    const called = new Set<number>();
    const watches = fds.map((fd, index) => {
      return watchByLoop(fd, () => {
        called.add(index);
        watches[(index + 1) % fds.length]!.close();
      })!;
    });
    for (const fd of fds) sys().signal(fd);
    watches[0]!.hold(true);
    while (called.size < 500) await nextTurn();
    for (const watch of watches) watch.close();
    for (const fd of fds) closeSync(fd);
  });

  it("not in a worker thread", async () => {
    const script = `(async () => {${preamble} require("node:worker_threads").parentPort.postMessage(watchByLoop(fd, () => {}) === undefined);})()`;
    const worker = new Worker(script, { eval: true });
    assert.deepEqual(await once(worker, "message"), [true]);
  });
});

describe("a process whose event loop watches a descriptor", options, () => {
  const cases: readonly { title: string; script: string; code?: number; output?: string }[] = [
    { title: "ends by itself, also where it rings", script: "watchByLoop(fd, () => {}); raise();" },
    {
      title: "ends by itself while it is called again and again",
      script: "let n = 0; const w = watchByLoop(fd, () => { if (++n === 50) w.hold(false); }); w.hold(true); raise();",
    },
    {
      title: "is kept alive by one that is held",
      script:
        'const w = watchByLoop(fd, () => { console.log("rang"); w.close(); }); w.hold(true); setTimeout(raise, 100).unref();',
      output: "rang\n",
    },
    {
      title: "exits within a call",
      script: "watchByLoop(fd, () => process.exit(3)).hold(true); raise();",
      code: 3,
    },
    {
      title: "closes it within a call, and exits",
      script: "const w = watchByLoop(fd, () => { w.close(); closeSync(fd); process.exit(3); }); w.hold(true); raise();",
      code: 3,
    },
    {
      title: "ends by what a call throws",
      script: 'watchByLoop(fd, () => { throw new Error("thrown"); }).hold(true); raise();',
      code: 1,
    },
    {
      title: "goes on after what a call throws, where somebody catches it",
      script: `let n = 0; process.on("uncaughtException", () => console.log("caught"));
        const w = watchByLoop(fd, () => { if (++n < 3) throw new Error("thrown"); w.close(); console.log("done"); }); w.hold(true); raise();`,
      output: "caught\ncaught\ndone\n",
    },
    {
      title: "gives none to an exit listener, and ends",
      script: `process.on("exit", () => { raise(); console.log(watchByLoop(fd, () => console.log("called")) === undefined); });`,
      output: "true\n",
    },
    {
      title: "settles promises behind a call at once",
      script: `const w = watchByLoop(fd, () => { w.close(); resolve(); }); let resolve; w.hold(true); raise();
        await new Promise((r) => (resolve = r)); console.log("settled");`,
      output: "settled\n",
    },
    {
      title: "hears, once it goes on, what rang while it was stopped",
      script: `const { spawn } = await import("node:child_process");
        const w = watchByLoop(fd, () => { console.log("rang"); w.close(); }); w.hold(true);
        spawn("sh", ["-c", "kill -STOP $PPID; printf '\\\\1\\\\0\\\\0\\\\0\\\\0\\\\0\\\\0\\\\0' >&3; kill -CONT $PPID"], { stdio: ["ignore", "inherit", "inherit", fd] });`,
      output: "rang\n",
    },
    {
      title: "keeps many of them to its end",
      script: "for (let i = 0; i < 300; i++) { const fd = sys.eventfd(); sys.signal(fd); watchByLoop(fd, () => {}); }",
    },
  ];
  for (const { title, script, code = 0, output = "" } of cases) {
    it(title, async () => assert.deepEqual(await run(script), { code, signal: null, output }));
  }

  it("goes on, and is kept alive, where other timers were in the place of its own for a while", async () => {
    const address = new URL("../../src/engine/kernel/poll/loop-bell.js", import.meta.url).href;
    const told = await run(`
      const { mock } = await import("node:test");
      const { openLoopBell } = await import(${JSON.stringify(address)});
      mock.timers.enable({ apis: ["setInterval", "setImmediate"] });
      const first = openLoopBell(sys, [fd], "in", () => {
        process.stdout.write("first ");
        first.close();
        mock.timers.reset();
        const other = sys.eventfd();
        const second = openLoopBell(sys, [other], "in", () => {
          process.stdout.write("second");
          second.close();
        });
        second.arm();
        setTimeout(() => sys.signal(other), 100).unref();
      });
      first.arm();
      raise();
      setTimeout(() => {}, 50); // what is armed may be held by a timer that is none
    `);
    assert.deepEqual(told, { code: 0, signal: null, output: "first second" });
  });
});
