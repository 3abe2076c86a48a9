/** Starts a command with an engine, and prints the events: the kind, the number of the system call, and the name of the task. */
import { load } from "../../src/load.ts";
import { fixturePath } from "../support/fixtures.ts";

const [engine, file, ...args] = process.argv.slice(2) as ["kernel" | "embedded", string, ...string[]];
await using bpf = await load(fixturePath("tracepoint.bpf.o"), { engine, scope: "command" });
await bpf.attach();
const { exited } = await bpf.spawn(file, args, { stdin: "ignore", stdout: "ignore" });
const lines: string[] = [];
for await (const { kind, number, comm } of bpf.ringBuf("events").events({ until: exited })) {
  lines.push(`${String(kind)} ${String(number)} ${String(comm)}`);
}
console.log(lines.join("\n"));
