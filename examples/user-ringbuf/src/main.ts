/**
 * Both directions at once: messages to a program through a user ring buffer, its events back through a ring buffer.
 *
 *   npm start                        the embedded engine: no root, any system where a child may be traced
 *   npm start -- --engine kernel     the Linux kernel (root): the same object, the same lines
 *
 * A child shell calls kill(2) ten times. Each call runs the program, which drains the messages that wait for it and
 * answers each one with an event that says who called.
 */
import { parseArgs } from "node:util";
import type { EngineName } from "ebpf-ts";
// What the object has, with its types: `ebpf gen user_ringbuf.bpf.o -o src/user_ringbuf.bpf.ts` writes it.
import { load } from "./user_ringbuf.bpf.ts";

const kills = 10;
/** Calls kill(2) once for every line that it reads, so that every answer is sent before the next call. */
const script = "while read -r line; do kill -0 $$; done";

async function main(engine: "auto" | EngineName): Promise<void> {
  await using bpf = await load({ engine, scope: "command" });
  const commands = bpf.userRings.user_ringbuf;
  const events = bpf.rings.kernel_ringbuf;

  const child = await bpf.spawn("sh", ["-c", script], { stdin: "pipe" });
  bpf.variables.only_tgid.set(child.pid);
  await bpf.attach();

  function send(i: number): void {
    console.log("Draining current samples...");
    commands.send({ i, comm: "hello" });
  }

  send(0);
  console.log(row("TIME", "EVENT", "COMM", "PID"));
  child.write("go\n");
  for await (const event of events.events({ until: child.exited })) {
    console.log(row(new Date().toTimeString().slice(0, 8), "SIGN", event.comm, String(event.pid)));
    const isLast = events.received === kills;
    if (isLast) {
      // A drain that is still at work would answer the last message too: it is for nobody, so the child ends first.
      child.endInput();
      await child.exited;
    }
    send(events.received);
    if (!isLast) child.write("go\n");
  }
  // The program counts the events for which the ring had no room.
  console.log(`sent ${commands.sent} · received ${events.received} · lost ${bpf.variables.dropped.get()}`);
}

function row(time: string, event: string, comm: string, pid: string): string {
  return `${time.padEnd(8)} ${event.padEnd(5)} ${comm.padEnd(16)} ${pid.padEnd(7)}`;
}

/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the only option is --engine auto, kernel or embedded`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

try {
  const { values } = parseArgs({ options: { engine: { type: "string", default: "embedded" } } });
  await main(values.engine as EngineName);
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
