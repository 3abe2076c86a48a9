/** The whole data plane, in a process that has become an ordinary user, without capabilities, behind a filter. Started by lock-down.test.ts. */
import { EventEmitter, once } from "node:events";
import { dispatch } from "../../src/stream/dispatch/dispatch.ts";
import { dispatchToWorkers } from "../../src/workers/index.ts";
import type { TestReport } from "../workers/handlers/test-handler.ts";
import { isLinuxAtLeast } from "../support/requirements.ts";
import { attempt, loadHere, nobody } from "./child.ts";

const rings = await loadHere("kernel-ring", "kernel");
const perf = await loadHere("perf", "kernel");
const memory = await loadHere("memory", "kernel");
const maps = await loadHere("maps", "kernel");
const commands = await loadHere("user-ring", "kernel");
const arena = isLinuxAtLeast("6.9") ? await loadHere("arena", "kernel") : undefined;
const work = await loadHere("workers", "kernel");
const attached = await loadHere("kernel-attach", "kernel");

const events = rings.ringBuf<Uint8Array>("events");
const numbers = perf.perfEventArray<{ number: bigint }>("events");
const link = await attached.program("on_raw_tracepoint").attach();

/** Values of the worker, of which the first comes before the lock down, and the second after it. */
const values = new EventEmitter();
const first = once(values, "value");
const workersDone = dispatchToWorkers<TestReport>(
  work.ringBuf("events"),
  new URL("../workers/handlers/test-handler.js", import.meta.url),
  { workers: 1, until: once(values, "end"), data: {}, onValue: (value) => void values.emit("value", value) },
);
const give = (first: number): Promise<unknown> => {
  const context = new Uint8Array(32);
  new DataView(context.buffer).setBigUint64(0, BigInt(first), true);
  new DataView(context.buffer).setUint32(8, 1, true);
  return work.program("emit").run({ context });
};
await give(1);
await first;

const report = await rings.lockDown({ user: nobody, inject: ["events"] });
console.log(`ended: ${report.ended.join("; ")}`);
await attempt("user", () => process.getuid!());

const u64 = (...values: bigint[]): Uint8Array => new Uint8Array(new BigUint64Array(values).buffer);
const emit = (value: bigint): Promise<unknown> => rings.program("emit").run({ context: u64(value, 0n) });

await attempt("ring", async () => {
  const first = events[Symbol.asyncIterator]();
  const next = first.next();
  await emit(7n);
  const { value } = await next;
  await first.return!();
  return value![0];
});
await attempt("inject", async () => {
  await events.inject(u64(9n));
  let last = 0;
  events.drain((record) => void (last = record.u8(0)));
  return last;
});
await attempt("dispatch", async () => {
  const abort = new AbortController();
  let handled = 0;
  const done = dispatch(
    rings.ringBuf<Uint8Array>("others"),
    (bytes) => {
      handled = bytes[0]!;
      abort.abort();
    },
    { concurrency: 2, signal: abort.signal },
  );
  await rings.program("emit_other").run({ context: u64(5n, 0n) });
  await done;
  return handled;
});
await attempt("workers", async () => {
  const second = once(values, "value") as Promise<[TestReport]>;
  await give(2);
  const [{ number }] = await second;
  values.emit("end");
  await workersDone;
  return number;
});
await attempt("arena", async () => {
  arena?.variable("total").set(1000n);
  await arena?.program("adds").run();
  return Number(arena?.variable("total").get() ?? 1005n);
});
await attempt("user ring", async () => {
  const samples = commands.userRingBuf<object>("samples");
  samples.send({ operation: 0, sequence: 1, operand: 41n });
  await commands.program("answer").run({ context: new Uint8Array(48) });
  let total = 0n;
  commands.ringBuf<{ total: bigint }>("replies").drain((record) => void (total = record.i64(8)));
  return Number(total);
});
await attempt("perf", async () => {
  await perf.program("emit").run({ context: u64(3n, 1n) });
  let number = 0n;
  numbers.drain((record) => void (number = record.u64(0)));
  return Number(number);
});
await attempt("array", async () => {
  memory.map<number, bigint>("unmapped").set(3, 4n);
  return Number(memory.map<number, bigint>("unmapped").get(3));
});
await attempt("mapped array", async () => {
  const counters = memory.map<number, bigint>("counters").memory();
  counters.add(1, 5n);
  await memory.program("touch").run({ context: u64(1n, 2n) });
  return Number(counters.get(1));
});
await attempt("variable", () => {
  memory.variable<number>("hits").set(77);
  return memory.variable<number>("hits").get();
});
await attempt("hash", () => {
  const hash = maps.map<number, bigint>("hash");
  hash.set(1, 2n);
  const keys = [...hash.keys()].length;
  hash.delete(1);
  return keys;
});
await attempt("detach", () => link.detach());
await attempt("close", async () => {
  for (const bpf of [rings, perf, memory, maps, commands, work, attached]) await bpf.close();
});
