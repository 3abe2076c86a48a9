import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NotSupportedError } from "../../src/base/errors.ts";
import { HelperId } from "../../src/uapi/uapi.gen.ts";
import {
  call,
  callLocal,
  dataMap,
  exit,
  load64,
  machineOf,
  mov,
  movImm,
  op,
  runWith,
  type Code,
} from "./test-machine.ts";

const missing: Code = op(0x85, 0, 0, 0, HelperId.get_current_task);
const poison: Code = op(0x85, 0, 0, 0, 0xbad2310);
const kfunc: Code = op(0x85, 0, 2, 0, 7);
const loads = (code: readonly Code[], functions: number[] = []): void => void machineOf(() => [code], { functions });
const refuses = (code: readonly Code[], functions: number[] = []): void =>
  assert.throws(() => loads(code, functions), NotSupportedError);

describe("calls that the engine lacks", () => {
  it("are refused where they can be reached, and let be where constants keep the program away", () => {
    for (const bad of [missing, poison, kfunc]) {
      refuses([bad, exit]);
      refuses([op(0x15, 1, 0, 1, 0), bad, exit]);
      loads([movImm(2, 0), op(0x15, 2, 0, 1, 0), bad, exit]);
      refuses([movImm(2, 1), op(0x15, 2, 0, 1, 0), bad, exit]);
      loads([op(0x05, 0, 0, 1), bad, exit]);
      loads([movImm(2, 5), op(0xb4, 3, 0, 0, 3), op(0x2d, 2, 3, 1), bad, exit]);
    }
  });

  it("names CO-RE where a field is missing", () => {
    assert.throws(() => loads([poison, exit]), /CO-RE/);
  });

  it("follow constants through moves, arithmetic and 64-bit loads", () => {
    loads([
      load64(2, 1n << 40n),
      op(0x77, 2, 0, 0, 40),
      mov(3, 2),
      op(0x07, 3, 0, 0, -1),
      op(0x15, 3, 0, 1, 0),
      missing,
      exit,
    ]);
    loads([movImm(2, -1), op(0xb4, 3, 0, 0, -1), op(0x5d, 2, 3, 1), missing, exit]);
    loads([movImm(2, -1), op(0x66, 2, 0, 1, -5), missing, exit]);
    refuses([movImm(2, -1), op(0x26, 2, 0, 0, 0), missing, exit]);
  });

  it("forget what differs between two ways, what a call clobbers, and what a loop changes", () => {
    refuses([movImm(2, 0), op(0x15, 1, 0, 1, 0), movImm(2, 1), op(0x15, 2, 0, 1, 0), missing, exit]);
    refuses([movImm(2, 0), call("ktime_get_ns"), op(0x15, 2, 0, 1, 0), missing, exit]);
    loads([movImm(6, 0), call("ktime_get_ns"), op(0x15, 6, 0, 1, 0), missing, exit]);
    refuses([movImm(6, 0), op(0x07, 6, 0, 0, 1), op(0x15, 6, 0, 2, 3), op(0x05, 0, 0, -3), exit, missing, exit]);
    refuses([movImm(2, 0), op(0xdb, 10, 2, -8, 0x01), op(0x15, 2, 0, 1, 0), missing, exit]);
  });

  it("are looked for in functions that are called, and only there", () => {
    refuses([callLocal(1), exit, missing, exit], [2]);
    loads([exit, missing, exit], [1]);
    loads([movImm(2, 0), op(0x15, 2, 0, 1, 0), callLocal(1), exit, missing, exit], [4]);
  });

  it("follow read-only globals, but not those that may change", () => {
    const guarded = (readOnly: boolean): void =>
      void machineOf(
        (maps) => [[load64(2, BigInt(maps[0]!.address)), op(0x71, 2, 2, 0), op(0x15, 2, 0, 1, 0), missing, exit]],
        { maps: [dataMap("flags", 8, readOnly)] },
      );
    guarded(true);
    assert.throws(() => guarded(false), NotSupportedError);
  });

  it("end the run if it gets there all the same", () => {
    const machine = machineOf(
      (maps) => [[load64(2, BigInt(maps[0]!.address)), op(0x71, 2, 2, 0), op(0x15, 2, 0, 1, 0), missing, exit]],
      { maps: [dataMap("flags", 8, true)] },
    );
    new Uint8Array(machine.image.memory.buffer)[machine.image.maps[0]!.address] = 1;
    assert.throws(() => runWith(machine), /does not have/);
  });
});
