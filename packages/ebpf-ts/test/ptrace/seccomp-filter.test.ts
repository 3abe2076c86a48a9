import { equal } from "node:assert/strict";
import { describe, it } from "node:test";
import { seccompFilter } from "../../src/engine/embedded/sources/ptrace/seccomp-filter.ts";

const x64 = 0xc000_003e;
const i386 = 0x4000_0003;
const allow = 0x7fff_0000;
const trace = 0x7ff0_0000;

/** What the kernel would answer: the filter is run by what linux/filter.h says of its four instructions. */
function answer(filter: Uint8Array, architecture: number, syscall: number): number {
  const view = new DataView(filter.buffer);
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const operand = view.getUint32(at + 4, true);
    const jump = (condition: boolean): number => 8 * view.getUint8(at + (condition ? 2 : 3));
    switch (view.getUint16(at, true)) {
      case 0x20:
        accumulator = operand === 0 ? syscall : architecture;
        break;
      case 0x15:
        at += jump(accumulator === operand);
        break;
      case 0x35:
        at += jump(accumulator >= operand);
        break;
      case 0x06:
        return operand;
    }
  }
  throw new Error("The filter ran past its end");
}

describe("the seccomp filter", () => {
  it("stops at the system calls that are named", () => {
    const filter = seccompFilter([0, 62, 257], x64);
    for (const syscall of [0, 62, 257]) equal(answer(filter, x64, syscall), trace);
    for (const syscall of [1, 61, 63, 0x3fff_ffff]) equal(answer(filter, x64, syscall), allow);
  });

  it("stops at all of them when none is named", () => {
    const filter = seccompFilter(undefined, x64);
    for (const syscall of [0, 62, 468]) equal(answer(filter, x64, syscall), trace);
    equal(answer(seccompFilter([], x64), x64, 0), allow);
  });

  it("lets the system calls of other ABIs pass", () => {
    for (const filter of [seccompFilter([62], x64), seccompFilter(undefined, x64)]) {
      equal(answer(filter, i386, 62), allow);
      equal(answer(filter, x64, 0x4000_0000 + 62), allow);
    }
  });

  it("fits into the 4096 instructions of the kernel with every system call", () => {
    const all = Array.from({ length: 470 }, (_, syscall) => syscall);
    equal(seccompFilter(all, x64).length / 8 <= 4096, true);
  });
});
