/** Maps that are made read-only. Started by lock-down.test.ts with the name of an engine. */
import { attempt, loadHere } from "./child.ts";

const engine = process.argv[2] as "kernel" | "embedded";
const bpf = await loadHere("memory", engine);
const held = await loadHere("memory", engine);

const before = bpf.map<number, bigint>("counters").memory();
before.set(1, 5n);
const flow = bpf.map<number, { packets: bigint }>("flows").memory().at(1) as { packets: bigint };
const hits = bpf.variable<number>("hits");
hits.set(6);
const numbers = held.map<number, bigint>("counters").memory().values!;

await attempt("held", () => held.lockDown({ capabilities: "keep", seccomp: false, readOnly: true }));
await attempt("still written", () => {
  numbers[0] = 1n;
  held.map<number, bigint>("counters").set(2, 3n);
  return Number(held.map<number, bigint>("counters").get(0));
});

const { ended } = await bpf.lockDown({ capabilities: "keep", seccomp: { files: "none" }, readOnly: true });
await attempt("ended", () => ended.includes("Maps cannot be written, nor variables be set") && "as told");
await attempt("memory that was open", () => before.set(1, 6n));
await attempt("atomic", () => before.add(1, 6n));
await attempt("member", () => (flow.packets = 1n));
await attempt("memory", () => bpf.map<number, bigint>("counters").memory().set(1, 6n));
await attempt("plain array", () => String(bpf.map<number, bigint>("counters").memory().values));
await attempt("by key", () => bpf.map<number, bigint>("unmapped").set(1, 6n));
await attempt("delete", () => bpf.map<number, bigint>("unmapped").delete(1));
await attempt("variable that was open", () => hits.set(7));
await attempt("variable", () => bpf.variable<bigint>("total").set(7n));
await attempt("another collection", () => held.map<number, bigint>("unmapped").set(1, 6n));
await attempt("program", async () => {
  const context = new Uint8Array(new BigUint64Array([1n, 2n]).buffer);
  await bpf.program("touch").run({ context });
  return `${before.get(1)} ${hits.get()} ${flow.packets}`;
});
await attempt("close", async () => {
  await bpf.close();
  await held.close();
});
