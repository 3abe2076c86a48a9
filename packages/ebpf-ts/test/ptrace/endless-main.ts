/**
 * A process whose traced command is in a run that does not end: `endless-main.js HOW`. It ends at its first signal, or (`close`) by itself
 * as soon as the run goes on.
 */
import { load } from "../../src/load.ts";
import { ProgType } from "../../src/uapi/uapi.gen.ts";
import { call, exit, movImm, op, specOf, mov, addImm } from "../embedded/test-machine.ts";

const [how] = process.argv.slice(2);
/** Prints `hi`, then goes round for ever. */
const endless = [
  movImm(1, 0x6968),
  op(0x7b, 10, 1, -8),
  mov(1, 10),
  addImm(1, -8),
  movImm(2, 3),
  call("trace_printk"),
  op(0x05, 0, 0, -1),
  exit,
];
const place = { section: "tp/syscalls/sys_enter_kill", kind: "tp", attachTo: "syscalls/sys_enter_kill" };
const spec = specOf([], [{ ...place, type: ProgType.TRACEPOINT }], endless);
const faults: string[] = [];
const bpf = await load(spec, {
  engine: "embedded",
  instructionBudget: Number.MAX_SAFE_INTEGER,
  maxRunMs: Infinity,
  onPrint: () => void (how === "close" ? end() : how === "exit" ? process.exit(7) : console.log("running")),
  onFault: (fault) => void faults.push(fault.message),
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void end());
await bpf.attach();
const command = await bpf.spawn("sh", ["-c", "kill -0 $$; sleep 50"]);

async function end(): Promise<void> {
  await bpf.close();
  console.log(JSON.stringify({ exit: await command.exited, faults }));
}
