import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { it } from "node:test";
import type { Qemu } from "../src/vm/qemu.ts";
import { Session } from "../src/vm/session.ts";

const names = ["console", "control", "output", "errors"] as const;

/** Its ports are reset when it is ended, as those of a process that has not read all that was written to it. */
function resetAtEnd(reset: readonly string[]): { readonly qemu: Qemu; readonly say: (line: string) => void } {
  const ports = new Map(names.map((name) => [name, new PassThrough()]));
  let end = (_fault: undefined): void => {};
  const ended = new Promise<undefined>((resolve) => (end = resolve));
  const kill = (): void => {
    for (const [name, port] of ports) port.destroy(reset.includes(name) ? new Error("read ECONNRESET") : undefined);
    end(undefined);
  };
  const qemu = { ended, kill, port: (name: (typeof names)[number]) => ports.get(name)! };
  return { qemu: qemu as unknown as Qemu, say: (line) => void ports.get("control")!.write(`${line}\n`) };
}

for (const name of names) {
  it(`a guest whose ${name} is reset at its end has ended as its command did`, async () => {
    const { qemu, say } = resetAtEnd([name]);
    const run = new Session(qemu, { timeout: undefined, start: performance.now(), console: false }).run();
    say("exit 3");
    assert.deepEqual(await run, { code: 3 });
  });
}
