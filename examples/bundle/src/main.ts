/**
 * A program to be bundled: it traces a command, and hands its events to worker threads. docs/bundling.md says what a bundler is told.
 *
 *   npm run start -w example-bundle                        not bundled, with the embedded engine
 *   npm run start -w example-bundle -- --engine kernel     with the Linux kernel (root)
 *   npm run bundle:esbuild -w example-bundle               writes dist/, for: node examples/bundle/dist/main.js
 *   npm run bundle:rollup -w example-bundle                the same
 */
import { parseArgs } from "node:util";
import type { EngineName } from "ebpf-ts";
import { dispatchToWorkers } from "ebpf-ts/workers";
import { load } from "./calls.bpf.ts";

const calls = 3;
/** Calls kill(2) once for every line that it reads. */
const script = "while read -r line; do kill -0 $$; done";

async function main(engine: EngineName): Promise<void> {
  await using bpf = await load({ engine, scope: "command" });
  const command = await bpf.spawn("sh", ["-c", script], { stdin: "pipe" });
  bpf.variables.only_tgid.set(command.pid);
  await bpf.attach();
  const events = bpf.rings.calls;
  const handling = dispatchToWorkers(events, new URL("./handler.js", import.meta.url), {
    workers: 2,
    until: command.exited,
    onValue: (text) => console.log(text),
  });
  command.write("\n".repeat(calls));
  command.endInput();
  const { handled } = await handling;
  await command.exited;
  console.log(`${handled} events, handled on 2 threads`);
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
