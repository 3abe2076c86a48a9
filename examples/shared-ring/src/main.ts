/**
 * Two processes and a ring between them, without any eBPF, and without a system call a message:
 *
 *   node examples/shared-ring/build/main.js             both sides
 *   node examples/shared-ring/build/main.js --kill      the sender is killed in the middle of a message, and a second one goes on
 *
 * This process makes the ring and reads it. It starts itself again as the sender, which inherits the ring as descriptor 3.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { SharedRing } from "ebpf-ts/shared-ring";

const inherited = 3;
const burst = 200_000;

/** The sender: some messages one by one, then as many as it can. */
async function send(dieInTheMiddle: boolean): Promise<void> {
  using ring = SharedRing.open(inherited);
  // The reader holds the other end: when that is gone, however it ended, nobody makes room any more.
  process.stdin.on("end", () => process.exit(1)).resume();
  const producer = ring.producer();
  const encoder = new TextEncoder();
  for (let i = 1; i <= 3; i += 1) {
    producer.send(encoder.encode(`message ${i} of process ${process.pid}`));
    await sleep(100);
  }
  if (dieInTheMiddle) {
    producer.reserve(1000);
    process.kill(process.pid, "SIGKILL");
  }
  const message = new Uint8Array(40);
  for (let sent = 0; sent < burst; sent += 1) {
    // Room for one record more: the reader reads.
    if (!producer.trySend(message)) (await producer.reserveWhenFree(message.length)).submit();
  }
}

function startSender(ring: SharedRing, ...args: string[]): ChildProcess {
  const path = fileURLToPath(import.meta.url);
  return spawn(process.execPath, [path, "--send", ...args], { stdio: ["pipe", "inherit", "inherit", ring.fd] });
}

async function senders(ring: SharedRing, kill: boolean): Promise<void> {
  if (kill) {
    const [, signal] = (await once(startSender(ring, "--kill"), "exit")) as [number | null, string | null];
    console.log(`the sender was ended by ${signal} with a record in its hands; here is the next one`);
  }
  await once(startSender(ring), "exit");
}

async function receive(kill: boolean): Promise<void> {
  using ring = SharedRing.create({ size: 2 ** 20 });
  const consumer = ring.consumer();
  const decoder = new TextDecoder();
  let counted = 0;
  let began = 0;
  for await (const bytes of consumer.events({ until: senders(ring, kill) })) {
    if (bytes.length !== 40) {
      console.log(decoder.decode(bytes));
      continue;
    }
    if (counted === 0) began = performance.now();
    counted += 1;
  }
  const rate = counted / (performance.now() - began) / 1000;
  console.log(`then ${counted} messages of 40 bytes, ${rate.toFixed(1)} million a second`);
  console.log(`received ${consumer.received} · abandoned by a killed sender ${consumer.abandoned}`);
}

/** One sentence, also where Node would say more. */
function sentence(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("ERR_PARSE_ARGS") !== true) return message;
  return `${message.split(/[.\n]/)[0]}: the only option is --kill`;
}

// A reader that has seen enough (`| head -1`) ends the run, and is no failure.
process.stdout.on("error", ({ code, message }: NodeJS.ErrnoException) => {
  if (code !== "EPIPE") console.error(`Cannot write to standard output: ${message}`);
  process.exit(code === "EPIPE" ? 0 : 1);
});

let isSender = false;
try {
  const { values } = parseArgs({
    options: { send: { type: "boolean", default: false }, kill: { type: "boolean", default: false } },
  });
  isSender = values.send;
  await (values.send ? send(values.kill) : receive(values.kill));
} catch (error) {
  if (process.env["DEBUG"]) throw error;
  console.error(sentence(error));
  process.exitCode = 1;
}
// It still reads its input, and not every runtime can be told not to wait for that.
if (isSender) process.exit();
