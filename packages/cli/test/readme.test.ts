import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, it } from "node:test";
import { fileURLToPath } from "node:url";
import { kernelOrSkip, mountTracefs } from "./requirements.ts";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");
const example = join(root, "..", "..", "examples", "user-ringbuf");

/** Its commands, as a shell reads them. */
const commands = [...readFileSync(join(root, "README.md"), "utf8").matchAll(/^ebpf .*$/gm)].map(([line]) => line);

let unmountTracefs = (): void => {};
before(() => {
  if (kernelOrSkip() === false) unmountTracefs = mountTracefs();
});
after(() => unmountTracefs());

/** With the engine that is taken by itself. */
function run(command: string): { readonly status: number | null; readonly stdout: string; readonly stderr: string } {
  const script = `ebpf() { "${process.execPath}" "${join(root, "bin", "ebpf.js")}" "$@"; }; ${command}`;
  return spawnSync("sh", ["-c", script], { cwd: example, encoding: "utf8" });
}

it("the commands of the README do what it says", () => {
  const results = commands.map(run);
  for (const { status, stderr } of results) assert.equal(status, 0, stderr);
  const [holds, code, module, events, ...none] = results.map(({ stdout }) => stdout);
  assert.deepEqual(none, []);
  for (const part of [/kernel_ringbuf/, /drain_samples/, /Dual MIT\/GPL/]) assert.match(holds!, part);
  assert.match(code!, /call bpf_user_ringbuf_drain/);
  assert.match(module!, /readonly kernel_ringbuf: RingOf<Event>;/);
  assert.match(events!, /\d+ +sh/);
});
