/** Runs files of tests in a guest, one after the other, and writes what each came to: a line of JSON. Its arguments are the files. */
import { runFile } from "../runtimes/run-file.ts";
import { onThisNode } from "./on-this-node.ts";

for (const file of process.argv.slice(2)) {
  const start = performance.now();
  const result = await runFile(onThisNode, process.execPath, file);
  process.stdout.write(`${JSON.stringify({ file, seconds: (performance.now() - start) / 1000, result })}\n`);
}
