import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import type { Collection } from "../../src/collection/collection.ts";
import { FunctionCalls } from "../../src/engine/embedded/sources/calls/function-calls.ts";
import { ptRegs } from "../../src/engine/embedded/sources/pt-regs.ts";
import { load } from "../../src/load.ts";
import { load as loadEmbedded } from "../../src/load-embedded.ts";
import { parse } from "../../src/spec/parse.ts";
import { fixturePath } from "../support/fixtures.ts";

interface Call {
  readonly returns: number;
  readonly length: number;
  readonly value: bigint;
  readonly text: Uint8Array;
}

/** The fixture reads registers of x86-64. */
const architecture = "x64";

class Greeter {
  readonly word = "hello";
  greet(name: string, times: number): string {
    return `${this.word} ${name}`.repeat(times);
  }
}

function appOf<F extends Record<string, (...args: never[]) => unknown>>(functions: F): FunctionCalls<F> {
  return new FunctionCalls("app", functions);
}

async function open(...sources: FunctionCalls<Record<string, (...args: never[]) => unknown>>[]): Promise<Collection> {
  const spec = parse(readFileSync(fixturePath("calls.bpf.o")));
  return loadEmbedded(spec, { sources, architecture });
}

/** Of all calls so far: whether it returns, the text, the value. */
function seen(bpf: Collection): [boolean, string | undefined, bigint][] {
  const calls: [boolean, string | undefined, bigint][] = [];
  const decoder = new TextDecoder();
  bpf.ringBuf<Call>("calls").drain((record) => {
    const length = record.i32(4);
    const bytes = Uint8Array.from({ length: Math.max(length - 1, 0) }, (_, index) => record.u8(16 + index));
    calls.push([record.u32(0) === 1, length < 0 ? undefined : decoder.decode(bytes), record.i64(8)]);
  });
  return calls;
}

describe("calls of JavaScript functions", () => {
  it("are seen where they begin and where they return, with what they were given", async () => {
    const app = appOf({ greet: (name: string, times: number) => name.length * times });
    await using bpf = await open(app);
    app.functions.greet("nobody", 1);
    await bpf.attach();
    assert.equal(app.functions.greet("wörld", 3), 15);
    assert.deepEqual(seen(bpf), [
      [false, "wörld", 3n],
      [true, undefined, 15n],
    ]);
  });

  it("keep their `this`, their name, and what they give", async () => {
    const greeter = new Greeter();
    const app = appOf({ greet: greeter.greet });
    await using bpf = await open(app);
    await bpf.attach();
    assert.equal(app.functions.greet.name, "greet");
    assert.equal(app.functions.greet.call(greeter, "you", 2), "hello youhello you");
    const [, [, text]] = seen(bpf) as [unknown, [boolean, string, bigint]];
    assert.equal(text, "hello youhello you");
  });

  it("are seen once for each program, in turn, until it is detached", async () => {
    const app = appOf({ greet: () => undefined, other: () => undefined });
    await using bpf = await open(app);
    const links = await bpf.attach();
    const any = bpf.program("on_any");
    const byHand = await any.attach({ kind: "uprobe", path: "app", symbol: "other" });
    app.functions.other();
    assert.deepEqual(seen(bpf), [[false, undefined, 0n]]);
    app.functions.greet();
    assert.equal(seen(bpf).length, 2);
    await byHand.detach();
    for (const link of links) await link.detach();
    app.functions.other();
    app.functions.greet();
    assert.deepEqual(seen(bpf), []);
  });

  it("are not told apart by the process that makes them", async () => {
    await using bpf = await open(appOf({ greet: () => undefined }));
    await assert.rejects(
      bpf.program("on_greet").attach({ kind: "uprobe", path: "app", symbol: "greet", pid: process.pid }),
      { code: "NOT_SUPPORTED", message: /uprobe\/app:greet of process \d+ alone/ },
    );
  });

  it("show values as registers have them", async () => {
    const app = appOf({ greet: (_: unknown, value: unknown) => value });
    await using bpf = await open(app);
    await bpf.program("on_greet").attach();
    const cases: [unknown, bigint][] = [
      [-1, -1n],
      [2.9, 2n],
      [-2.9, -2n],
      [Number.NaN, 0n],
      [1e300, BigInt.asIntN(64, BigInt(1e300))],
      [2n ** 64n + 5n, 5n],
      [true, 1n],
      [undefined, 0n],
      [{}, 0n],
    ];
    for (const [value] of cases) app.functions.greet(null, value);
    assert.deepEqual(
      seen(bpf).map(([, , value]) => value),
      cases.map(([, expected]) => expected),
    );
  });

  it("show texts and bytes where their addresses say, and nothing after the call", async () => {
    const app = appOf<{ greet: (...args: unknown[]) => unknown }>({ greet: () => undefined });
    await using bpf = await open(app);
    await bpf.program("on_greet").attach();
    for (const text of ["", "x".repeat(100), new TextEncoder().encode("bytes")]) app.functions.greet(text);
    assert.deepEqual(
      seen(bpf).map(([, text]) => text),
      ["", "x".repeat(31), "bytes"],
    );
    app.functions.greet("", "second");
    const second = seen(bpf).at(-1)![2];
    app.functions.greet(second, 0);
    assert.equal(seen(bpf).at(-1)![1], undefined, "an address of an earlier call is none");
  });

  it("that throw, or give a promise: the one does not return, the other does at once", async () => {
    const app = appOf({
      greet: (text: string) => Promise.resolve(text),
    });
    const bad = new FunctionCalls("app", {
      greet: () => {
        throw new Error("mine");
      },
    });
    await using bpf = await open(app, bad);
    await bpf.attach();
    const greeting = app.functions.greet("later");
    assert.equal(seen(bpf).length, 2);
    assert.equal(await greeting, "later");
    assert.throws(() => bad.functions.greet(), /mine/);
    assert.deepEqual(
      seen(bpf).map(([returns]) => returns),
      [false],
    );
  });

  it("are told to every collection that the source is given to, until it is closed", async () => {
    const app = appOf({ greet: () => 7 });
    const one = await open(app);
    await using two = await open(app);
    for (const bpf of [one, two]) await bpf.attach();
    app.functions.greet();
    assert.deepEqual([seen(one).length, seen(two).length], [2, 2]);
    await one.close();
    app.functions.greet();
    assert.equal(seen(two).length, 2);
  });

  it("name the functions that there are", async () => {
    const app = appOf({ great: () => undefined });
    await using bpf = await open(app);
    await assert.rejects(bpf.program("on_greet").attach(), {
      code: "NOT_FOUND",
      message: "Cannot find function greet of app: did you mean great?",
    });
    await assert.rejects(bpf.program("on_any").attach({ kind: "uprobe", path: "/bin/sh", symbol: "main" }), {
      code: "NOT_SUPPORTED",
      message: /calls of app \(uprobe\/app:great\)/,
    });
  });

  it("stand beside system calls, and ask for the embedded engine", async () => {
    const app = appOf({ greet: () => 0 });
    const bytes = readFileSync(fixturePath("calls.bpf.o"));
    await using bpf = await load(bytes, { sources: [app] });
    assert.equal(bpf.engine, "embedded");
    await bpf.attach();
    app.functions.greet();
    assert.equal(bpf.ringBuf("calls").drain(() => {}).delivered, 2);
    await assert.rejects(load(bytes, { engine: "kernel", sources: [app] }), TypeError);
    await assert.rejects(load(bytes, { sources: [{}] as never }), TypeError);
  });

  it("have registers on both architectures", () => {
    assert.deepEqual(ptRegs.x64.args, [112, 104, 96, 88, 72, 64]);
    assert.deepEqual([ptRegs.arm64.args.length, ptRegs.arm64.size], [8, 288]);
  });
});
