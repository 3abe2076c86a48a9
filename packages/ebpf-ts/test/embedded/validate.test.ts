import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EbpfError, NotSupportedError } from "../../src/base/errors.ts";
import { HelperId } from "../../src/uapi/uapi.gen.ts";
import {
  call,
  callLocal,
  exit,
  load64,
  loadFunction,
  machineOf,
  movImm,
  op,
  type Code,
  type TestOptions,
} from "./test-machine.ts";

function refuses(code: readonly Code[], message: RegExp, options: TestOptions = {}): void {
  assert.throws(
    () => machineOf(() => [code], options),
    (error) => {
      assert.ok(error instanceof EbpfError, String(error));
      assert.match(error.message, message);
      assert.match(error.message, /^Cannot load program program_0: .*[^.]$/);
      return true;
    },
  );
}

describe("a program is refused at load for", () => {
  it("no instructions, or an end without exit", () => {
    refuses([], /no instructions/);
    refuses([movImm(0, 0)], /without an exit/);
    refuses([op(0x15, 0, 0, -1)], /without an exit/);
    refuses([exit, callLocal(0), movImm(0, 0)], /without an exit/, { functions: [2] });
  });

  it("opcodes and operands that do not exist", () => {
    const wrong = [
      op(0xe4, 0),
      op(0xe7, 0),
      op(0xf7, 0),
      op(0x00),
      op(0x10),
      op(0xff),
      op(0x8f, 0, 0),
      op(0xdf, 0, 0, 0, 16),
      op(0xd4, 0, 0, 0, 24),
      op(0xd7, 0, 0, 8, 16),
      op(0x37, 0, 0, 2, 1),
      op(0xb7, 0, 0, 8, 1),
      op(0xbc, 0, 2, 32),
      op(0xbf, 0, 2, 7),
      op(0x07, 0, 0, 1, 1),
      op(0x99, 1, 1, 0),
      op(0xb9, 0, 1, 0),
      op(0xbb, 10, 1, -8),
      op(0xd3, 10, 0, -8, 0),
      op(0xdb, 10, 0, -8, 0x20),
      op(0xdb, 10, 0, -8, 0xe0),
      op(0x0d),
      op(0xe6),
      op(0x86),
      op(0x96),
      op(0x9d),
      op(0x85, 0, 3),
    ];
    for (const instruction of wrong) refuses([instruction, exit], /unknown|means nothing/);
  });

  it("registers beyond r10, and writes to r10", () => {
    refuses([movImm(11, 0), exit], /r0 to r10/);
    refuses([op(0xbf, 0, 15), exit], /r0 to r10/);
    refuses([movImm(10, 0), exit], /r10/);
    refuses([op(0x79, 10, 1, 0), exit], /r10/);
    refuses([load64(10, 0n), exit], /r10/);
    refuses([op(0xdb, 1, 10, 0, 0x01), exit], /r10/);
  });

  it("jumps out of the function, to its end, and into a 64-bit load", () => {
    refuses([op(0x05, 0, 0, 1), exit], /a jump leads/);
    refuses([op(0x05, 0, 0, -2), exit], /a jump leads/);
    refuses([op(0x06, 0, 0, 0, 2_000_000), exit], /a jump leads/);
    refuses([op(0x15, 0, 0, 1), load64(0, 1n), exit], /a jump leads/);
    refuses([op(0x05, 0, 0, 1), exit, exit], /a jump leads/, { functions: [2] });
  });

  it("half of a 64-bit load, and one that was not resolved", () => {
    refuses([op(0x18, 0)], /second half/);
    refuses([op(0x18, 0), exit], /second half/);
    refuses([op(0x18, 0, 0, 0, 1), op(0, 1), exit], /second half/);
    refuses([op(0x18, 0, 1, 0, 3), op(0), exit], /not resolved/);
  });

  it("calls and function addresses that lead to no function", () => {
    refuses([callLocal(0), exit], /elsewhere/);
    refuses([loadFunction(2, 1), exit], /elsewhere/);
    assert.ok(machineOf(() => [[loadFunction(2, 2), exit, exit]], { functions: [3] }));
  });

  it("helpers that are not there, by name", () => {
    refuses([op(0x85, 0, 0, 0, HelperId.get_current_task), exit], /no helper bpf_get_current_task \(35\)/);
    refuses([op(0x85, 0, 0, 0, 9999), exit], /no helper number 9999/);
    refuses([op(0x85, 0, 0, 0, -1), exit], /no helper number -1/);
    assert.throws(() => machineOf(() => [[op(0x85, 0, 0, 0, HelperId.get_current_task), exit]]), NotSupportedError);
  });

  it("GPL-only helpers without such a licence", () => {
    const lines = [{ slot: 0, file: "p.bpf.c", line: 3, text: 'bpf_printk("x");' }];
    for (const license of ["", "MIT", "Proprietary"])
      refuses([call("trace_printk"), exit], /bpf_trace_printk is for programs with a GPL.*p\.bpf\.c:3/, {
        license,
        lines,
      });
    for (const license of ["GPL", "GPL v2", "Dual MIT/GPL", "Dual BSD/GPL"])
      assert.ok(machineOf(() => [[call("trace_printk"), exit]], { license }));
    assert.ok(machineOf(() => [[call("ktime_get_ns"), exit]], { license: "MIT" }));
  });

  it("what Linux has and the engine does not, by name", () => {
    const missing: [Code, RegExp][] = [
      [op(0x20, 0), /BPF_ABS/],
      [op(0x48, 0, 1), /BPF_IND/],
      [op(0xe5), /may_goto/],
      [op(0x85, 0, 2, 0, 1), /kfunc/],
      [op(0x8d, 1), /through a register/],
      [op(0xbf, 0, 1, 1), /arena/],
      [op(0xbf, 0, 1, 1, 1), /arena/],
      [op(0xdb, 0, 1, 0, 0x100), /load-acquire/],
    ];
    for (const [instruction, message] of missing) {
      refuses([instruction, exit], message);
      assert.throws(() => machineOf(() => [[instruction, exit]]), NotSupportedError);
    }
  });
});
