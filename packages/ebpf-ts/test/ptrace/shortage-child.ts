/** Traces commands with ever more descriptors left, from none on. Started by shortage.test.ts. */
import assert from "node:assert/strict";
import { EbpfError } from "../../src/base/errors.ts";
import { descriptorsInUse, Hoard } from "../support/descriptor-shortage.ts";
import { enterKill, shell, start, until } from "./command.ts";

const hoard = new Hoard();

async function attempt(): Promise<string[]> {
  const { command, machine, faults } = await start([enterKill], shell("kill -0 $$"), { spawn: { stdin: "pipe" } });
  command.endInput();
  const { code } = await command.exited;
  await command.close();
  assert.equal(code, 0);
  for (const fault of faults) assert.equal(fault.code, "FAULT");
  return [...machine.events().map(({ comm }) => comm), ...faults.map(({ message }) => message)];
}

async function attemptWith(left: number): Promise<string[] | undefined> {
  const used = descriptorsInUse().length;
  hoard.leave(left);
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    assert.equal(error.code, "TOO_MANY_FILES", error.message);
    assert.match(error.message, /^Cannot start a command: /);
    return undefined;
  } finally {
    hoard.release();
    await until(() => descriptorsInUse().length <= used, "every descriptor is closed");
  }
}

assert.deepEqual(await attempt(), ["sh"]);
let left = 0;
for (let seen: string[] | undefined; seen?.[0] !== "sh"; left += 1) {
  seen = await attemptWith(left);
  // A task is nobody only when it is gone.
  if (seen !== undefined && seen[0] !== "sh") assert.match(seen.join(), /too many open files/);
  assert.ok(left < 60);
}
console.log(`takes ${left - 1}`);
