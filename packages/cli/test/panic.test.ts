import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasException, panicIn } from "../src/vm/panic.ts";

const crash = `[    0.912345] int3: 0000 [#1] PREEMPT SMP NOPTI\r
[    0.912345] CPU: 0 UID: 0 PID: 0 Comm: swapper/0 Not tainted 6.12.0 #1\r
[    0.912345] RIP: 0010:netif_rx_internal+0x2a/0x120\r
[    0.912345] Code: cc <dc> 00\r
[    0.912345] Kernel panic - not syncing: Fatal exception in interrupt\r
`;

describe("the words of a kernel that gives up", () => {
  it("tell of an exception: which, and where it was", () => {
    const told =
      "Fatal exception in interrupt, int3: 0000 [#1] PREEMPT SMP NOPTI, RIP: 0010:netif_rx_internal+0x2a/0x120";
    assert.equal(panicIn(crash), told);
    assert.ok(hasException(crash));
  });

  it("whatever the exception is called, with the time before it or without", () => {
    for (const line of [
      "Oops: 0002 [#1] PREEMPT SMP NOPTI",
      "Oops: general protection fault, probably for non-canonical address 0x1: 0000 [#1] SMP",
      "invalid opcode: 0000 [#1] SMP",
      "Oops: invalid opcode: 0000 [#1] SMP NOPTI",
    ]) {
      assert.ok(hasException(`quiet\r\n[   14.220729] ${line}\r\n`), line);
      assert.ok(hasException(`${line}\r\n`), line);
    }
  });

  it("or of what is missing", () => {
    const missing = "[    2.1] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\r\n";
    assert.equal(panicIn(missing), "VFS: Unable to mount root fs on unknown-block(0,0)");
    assert.ok(!hasException(missing));
  });

  it("or of nothing", () => {
    assert.equal(panicIn("Linux version 6.12\r\n"), undefined);
    assert.ok(!hasException("[    0.1] x86/fpu: xstate_offset[2]:  576 [#2]\r\n"));
  });
});
