import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { ProgramFault } from "../../src/base/errors.ts";
import { LookedUp, mostLookedUp } from "../../src/engine/embedded/machine/looked-up.ts";
import type { Machine } from "../../src/engine/embedded/machine/contracts.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  type Code,
  exit,
  fetch64,
  loadFunction,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  runWith,
  store64,
} from "./test-machine.ts";

const entries = 3 * mostLookedUp;
const size = 16;
const maps = [mapSpec("values", MapType.ARRAY, 4, size, entries)];
const options = { maps, budget: 10_000_000 };

/** r0 = the value of the key that stands in r7, which is there. */
const lookUp: Code[] = [
  op(0x63, 10, 7, -4),
  loadMap(1, 0),
  mov(2, 10),
  addImm(2, -4),
  call("map_lookup_elem"),
  op(0x55, 0, 0, 1, 0),
  exit,
];

/** Looks all values up, one after the other, and writes to each. */
const throughAll: Code[] = loopOf(lookUp, [store64(0, 8, 7)]);

/** r7 from 0 to the last key. */
function loopOf(...bodies: readonly (readonly Code[])[]): Code[] {
  const body = bodies.flat(2);
  return [movImm(7, 0), ...body, addImm(7, 1), op(0xa5, 7, 0, -body.length - 2, entries)];
}

function at(key: number, ...code: Code[]): Code[] {
  return [movImm(7, key), ...lookUp, ...code];
}

function machineWith(...code: Code[]): Machine {
  return machineOf(() => [[...code, movImm(0, 7), exit].flat()], options);
}

function faultOf(machine: Machine): string {
  try {
    runWith(machine);
  } catch (error) {
    if (error instanceof ProgramFault) return error.message;
    throw error;
  }
  return assert.fail("nothing went wrong");
}

describe("a run that looks up many values", () => {
  it("may touch those that it holds, wherever it does, and beside which it points", () => {
    const holds: Code[] = [
      ...at(1, mov(6, 0)),
      ...at(2, store64(10, -16, 0)),
      // Behind its end, as a loop over its members leaves it.
      ...at(5, mov(9, 0), addImm(9, size)),
      ...at(8, mov(8, 0), addImm(8, -8)),
    ];
    const touches: Code[] = [
      store64(6, 0, 10),
      fetch64(1, 10, -16),
      store64(1, 8, 10),
      store64(9, -8, 10),
      store64(8, 8, 10),
    ];
    assert.equal(runWith(machineWith(...holds, ...throughAll, ...touches)).returnValue, 7n);
    assert.equal(runWith(machineWith(...holds, ...throughAll, ...throughAll, ...touches)).returnValue, 7n);
  });

  it("may not touch those that it has let go of, nor others", () => {
    const other = (key: number): Code[] => [mov(1, 6), addImm(1, size * (key - 1)), store64(1, 0, 10)];
    const holds = at(1, mov(6, 0));
    assert.equal(runWith(machineWith(...holds, ...at(40), ...other(40))).returnValue, 7n, "as long as there are few");
    for (const key of [40, 2000]) {
      const message = faultOf(machineWith(...holds, ...throughAll, ...other(key)));
      assert.match(
        message,
        new RegExp(`the value of key ${key} of map values, that it has not looked up, or has let go of`),
      );
    }
    const fewer = at(2, store64(10, -16, 0), ...holds);
    assert.match(faultOf(machineWith(...fewer, ...other(3))), /key 3 of map values/);
    assert.match(faultOf(machineWith(...holds, mov(1, 6), store64(1, size, 10))), /key 2 of map values/);
  });

  it("holds them in the registers of callers, and in dynptrs", () => {
    const dynptr: Code[] = [
      ...at(9, mov(1, 0)),
      movImm(2, size),
      movImm(3, 0),
      mov(4, 10),
      addImm(4, -32),
      call("dynptr_from_mem"),
    ];
    const callback = [store64(3, 0, 1), movImm(0, 0), exit];
    const walk: Code[] = [loadMap(1, 0), loadFunction(2, 0), movImm(3, 0), movImm(4, 0), call("for_each_map_elem")];
    const write: Code[] = [
      store64(6, 0, 10),
      mov(1, 10),
      addImm(1, -32),
      movImm(2, 0),
      movImm(3, size),
      call("dynptr_data"),
      store64(0, 8, 10),
    ];
    const before = [...at(1, mov(6, 0)), ...dynptr].flat();
    const after = [...write, movImm(0, 7), exit].flat();
    const walkCode = walk.flat();
    const firstOfWalk = 2;
    walkCode[firstOfWalk] = { ...walkCode[firstOfWalk]!, imm: walkCode.length - firstOfWalk - 1 + after.length };
    const code = [...before, ...walkCode, ...after, ...callback];
    const functions = [before.length + walkCode.length + after.length];
    assert.equal(runWith(machineOf(() => [code], { ...options, functions })).returnValue, 7n);
  });
});

describe("the values that are remembered", () => {
  it("are those that were added and kept, as many as there is room for", () => {
    const address = fc.nat({ max: 3 * mostLookedUp }).map((number) => 2 ** 31 + number * 8);
    const step = fc.oneof(
      { weight: 20, arbitrary: fc.array(address, { maxLength: 3000 }).map((addresses) => ({ addresses, of: 0 })) },
      { weight: 3, arbitrary: fc.integer({ min: 2, max: 9 }).map((of) => ({ addresses: [], of })) },
      { weight: 1, arbitrary: fc.constant({ addresses: [], of: 1 }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        const values = new LookedUp();
        const model = new Set<number>();
        for (const { addresses, of } of steps) {
          for (const each of addresses) {
            const fits = model.has(each) || model.size < mostLookedUp;
            assert.equal(values.add(each), fits);
            if (fits) model.add(each);
          }
          if (of > 1) values.keep((each) => each % of === 0);
          if (of === 1) values.clear();
          for (const each of model) if (of === 1 || (of > 1 && each % of !== 0)) model.delete(each);
          for (let number = 0; number < 3 * mostLookedUp; number += 7)
            assert.equal(values.has(2 ** 31 + number * 8), model.has(2 ** 31 + number * 8));
        }
      }),
      { numRuns: 30 },
    );
  });
});
