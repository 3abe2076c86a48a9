import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProgramFault } from "../../src/base/errors.ts";
import { MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  callLocal,
  dataMap,
  exit,
  fetch64,
  load64,
  loadMap,
  machineOf,
  mapSpec,
  mov,
  movImm,
  op,
  result,
  run,
  runWith,
  store64,
  valueOf,
  type Code,
  type TestOptions,
} from "./test-machine.ts";

function faultOf(code: readonly Code[], options: TestOptions = {}): ProgramFault {
  let fault: unknown;
  assert.throws(
    () => run(code, new Uint8Array(16), options),
    (error) => ((fault = error), error instanceof ProgramFault),
  );
  return fault as ProgramFault;
}

describe("loads and stores", () => {
  const bytes = Uint8Array.of(0x88, 0x97, 0xa6, 0xb5, 0xc4, 0xd3, 0xe2, 0xf1);

  it("loads of every size, zero-extended and sign-extended", () => {
    const cases: [number, bigint][] = [
      [0x71, 0x88n],
      [0x69, 0x9788n],
      [0x61, 0xb5a6_9788n],
      [0x79, 0xf1e2_d3c4_b5a6_9788n],
      [0x91, 0xffff_ffff_ffff_ff88n],
      [0x89, 0xffff_ffff_ffff_9788n],
      [0x81, 0xffff_ffff_b5a6_9788n],
    ];
    for (const [opcode, wanted] of cases) {
      assert.equal(run([load64(0, -1n), op(opcode, 0, 1, 0), exit], bytes).returnValue, wanted, opcode.toString(16));
    }
    assert.equal(run([op(0x91, 0, 1, 0), exit], Uint8Array.of(0x7f)).returnValue, 0x7fn);
  });

  it("stores of every size, of a register and of an immediate, unaligned too", () => {
    const value = 0x1122_3344_5566_7788n;
    const cases: [number, bigint][] = [
      [0x73, 0x88n],
      [0x6b, 0x7788n],
      [0x63, 0x5566_7788n],
      [0x7b, value],
    ];
    for (const [opcode, wanted] of cases) {
      const after = run([load64(2, value), op(opcode, 1, 2, 3), exit], new Uint8Array(16)).context;
      assert.equal(new DataView(after.buffer).getBigUint64(3, true), wanted);
    }
    const immediate: [number, bigint][] = [
      [0x72, 0xfen],
      [0x6a, 0xfffen],
      [0x62, 0xffff_fffen],
      [0x7a, 0xffff_ffff_ffff_fffen],
    ];
    for (const [opcode, wanted] of immediate) {
      const after = run([op(opcode, 1, 0, 1, -2), exit], new Uint8Array(16)).context;
      assert.equal(new DataView(after.buffer).getBigUint64(1, true), wanted);
    }
  });
});

describe("atomic operations", () => {
  const all: [string, number, (a: bigint, b: bigint) => bigint][] = [
    ["add", 0x00, (a, b) => a + b],
    ["or", 0x40, (a, b) => a | b],
    ["and", 0x50, (a, b) => a & b],
    ["xor", 0xa0, (a, b) => a ^ b],
  ];
  const [a, b] = [0xfedc_ba98_7654_3210n, 0x0f0f_f0f0_ffff_0001n];

  for (const [name, code, meaning] of all) {
    for (const width of [64, 32] as const) {
      const opcode = width === 64 ? 0xdb : 0xc3;
      const low = (value: bigint): bigint => BigInt.asUintN(width, value);
      const high = width === 64 ? 0n : (a >> 32n) << 32n;

      it(`${name}, ${width} bits, with and without fetch`, () => {
        const prepare = [load64(2, a), store64(10, -8, 2), load64(2, b)];
        assert.equal(
          result([...prepare, op(opcode, 10, 2, -8, code), fetch64(0, 10, -8), exit]),
          high | low(meaning(a, b)),
        );
        assert.equal(result([...prepare, op(opcode, 10, 2, -8, code), mov(0, 2), exit]), b);
        assert.equal(result([...prepare, op(opcode, 10, 2, -8, code | 1), mov(0, 2), exit]), low(a));
      });
    }
  }

  it("exchange and compare-and-exchange", () => {
    const prepare = [load64(2, a), store64(10, -8, 2), load64(2, b)];
    assert.equal(result([...prepare, op(0xdb, 10, 2, -8, 0xe1), mov(0, 2), exit]), a);
    assert.equal(result([...prepare, op(0xdb, 10, 2, -8, 0xe1), fetch64(0, 10, -8), exit]), b);
    const compare = (expected: bigint, then: Code) =>
      result([...prepare, load64(0, expected), op(0xdb, 10, 2, -8, 0xf1), then, exit]);
    assert.equal(compare(a, mov(0, 0)), a);
    assert.equal(compare(a, fetch64(0, 10, -8)), b);
    assert.equal(compare(1n, mov(0, 0)), a);
    assert.equal(compare(1n, fetch64(0, 10, -8)), a);
    const narrow = [...prepare, load64(0, 0xffff_ffff_7654_3210n), op(0xc3, 10, 2, -8, 0xf1)];
    assert.equal(result([...narrow, exit]), 0x7654_3210n);
    assert.equal(result([...narrow, fetch64(0, 10, -8), exit]), 0xfedc_ba98_ffff_0001n);
  });

  it("an address that is not aligned is a fault", () => {
    assert.match(faultOf([movImm(2, 1), op(0xdb, 10, 2, -9, 0), exit]).message, /not aligned/);
  });
});

describe("what is not the program's own is a fault", () => {
  it("NULL, and fields near it", () => {
    for (const offset of [0, 8, 0x7ff8]) {
      assert.match(faultOf([movImm(2, 0), fetch64(0, 2, offset), exit]).message, /null pointer/);
    }
    assert.match(faultOf([movImm(2, 0), fetch64(0, 2, -8), exit]).message, /null pointer/);
  });

  it("the ends of the address space", () => {
    for (const address of [-1n, -8n, 1n << 63n, 1n << 32n, 0xffff_fff8n, 0x7fff_ffff_ffffn]) {
      assert.equal(faultOf([load64(2, address), fetch64(0, 2, 0), exit]).instruction, 2);
      assert.equal(faultOf([load64(2, address), fetch64(0, 2, 0x7ff8), exit]).code, "FAULT");
    }
  });

  it("beyond and below the frame, and beyond the context", () => {
    faultOf([fetch64(0, 10, 0), exit]);
    faultOf([fetch64(0, 10, -7), exit]);
    faultOf([fetch64(0, 10, -520), exit]);
    assert.equal(result([fetch64(0, 10, -512), exit]), 0n);
    faultOf([fetch64(0, 1, 16), exit]);
    faultOf([fetch64(0, 1, 9), exit]);
  });

  it("the hidden start of a context, and a context that is only for reading", () => {
    const machine = machineOf(() => [
      [fetch64(0, 1, 0), exit],
      [fetch64(0, 1, 8), exit],
      [movImm(2, 1), store64(1, 8, 2), exit],
    ]);
    const context = { bytes: new Uint8Array(16).fill(1), readableFrom: 8 };
    assert.throws(() => runWith(machine, context), ProgramFault);
    assert.equal(runWith(machine, context, undefined, 1).returnValue, 0x0101_0101_0101_0101n);
    assert.throws(() => runWith(machine, context, undefined, 2), ProgramFault);
  });

  it("the end of a map, and read-only data", () => {
    const maps = [dataMap("data", 12), dataMap(".rodata", 16, true)];
    const at = (index: number, offset: number, opcode: number) => () =>
      runWith(
        machineOf(
          (images) => [
            [
              load64(2, BigInt(images[index]!.address)),
              op(opcode, opcode === 0x79 ? 0 : 2, opcode === 0x79 ? 2 : 0, offset),
              exit,
            ],
          ],
          { maps },
        ),
      );
    assert.equal(at(0, 8, 0x79)().returnValue, 0n);
    assert.throws(at(0, 16, 0x79), ProgramFault);
    assert.throws(at(0, 9, 0x79), /runs over the end of map data/);
    at(0, 0, 0x7b)();
    assert.throws(at(1, 0, 0x7b), /\.rodata/);
    assert.equal(at(1, 8, 0x79)().returnValue, 0n);
  });

  it("ring data without a reservation, before and after one", () => {
    const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
    const poke = machineOf((images) => [[load64(2, BigInt(images[0]!.address + 8)), fetch64(0, 2, 0), exit]], { maps });
    assert.throws(() => runWith(poke), /its own now/);
    const reserve = [
      loadMap(1, 0),
      movImm(2, 16),
      movImm(3, 0),
      call("ringbuf_reserve"),
      mov(6, 0),
      mov(1, 6),
      movImm(2, 0),
    ];
    const submit = call("ringbuf_submit");
    const good = machineOf(() => [[...reserve, store64(6, 8, 6), submit, movImm(0, 0), exit]], { maps });
    assert.equal(runWith(good).returnValue, 0n);
    for (const offset of [-8, 9, 16]) {
      assert.throws(
        () => runWith(machineOf(() => [[...reserve, store64(6, offset, 6), submit, exit]], { maps })),
        ProgramFault,
        `${offset}`,
      );
    }
    assert.throws(
      () => runWith(machineOf(() => [[...reserve, submit, store64(6, 0, 6), exit]], { maps })),
      ProgramFault,
    );
    assert.throws(
      () => runWith(machineOf(() => [[...reserve, submit, mov(1, 6), movImm(2, 0), submit, exit]], { maps })),
      /no reserved record/,
    );
  });

  it("map handles and function addresses are no memory, and nothing but a map is one", () => {
    const maps = [dataMap("data", 8)];
    assert.throws(() => runWith(machineOf(() => [[loadMap(2, 0), fetch64(0, 2, 0), exit]], { maps })), ProgramFault);
    for (const handle of [0n, 5n, 0xffff_c900_0000_1000n, 0xffff_c900_0000_0008n]) {
      const code = [
        load64(1, handle),
        op(0x62, 10, 0, -4, 0),
        mov(2, 10),
        addImm(2, -4),
        call("map_lookup_elem"),
        exit,
      ];
      assert.throws(() => runWith(machineOf(() => [code], { maps })), /no map/);
    }
  });

  it("a helper that is given what is not there", () => {
    const maps = [mapSpec("array", MapType.ARRAY, 4, 8, 1)];
    const lookup = (key: bigint) => () =>
      runWith(machineOf(() => [[loadMap(1, 0), load64(2, key), call("map_lookup_elem"), exit]], { maps }));
    assert.throws(lookup(0n), /read 4 bytes at 0x0/);
    assert.throws(lookup(-1n), ProgramFault);
  });
});

describe("runs that go wrong", () => {
  it("name the program, the instruction and the C line", () => {
    const lines = [
      { slot: 0, file: "a.bpf.c", line: 7, text: "\tint *p = 0;" },
      { slot: 1, file: "a.bpf.c", line: 8, text: "\treturn *p;" },
    ];
    const fault = faultOf([movImm(2, 0), fetch64(0, 2, 0), exit], { lines });
    assert.deepEqual([fault.program, fault.instruction, fault.source], ["program_0", 1, "a.bpf.c:8: return *p;"]);
    assert.equal(
      fault.message,
      "Program program_0 was ended at instruction 1 (a.bpf.c:8: return *p;): it read 8 bytes at 0x0, which is a null pointer",
    );
  });

  it("an endless loop ends with its budget, across calls", () => {
    assert.match(faultOf([op(0x05, 0, 0, -1), exit], { budget: 1000 }).message, /budget/);
    const recursion = [callLocal(1), exit, callLocal(-1), exit];
    assert.match(faultOf(recursion, { functions: [2] }).message, /more than 8 functions deep/);
  });

  it("the budget is exact: n instructions run on a budget of n", () => {
    const code = [movImm(0, 1), movImm(0, 2), exit];
    assert.equal(run(code, undefined, { budget: 3 }).instructions, 3);
    assert.throws(() => run(code, undefined, { budget: 2 }), /budget/);
  });

  it("a machine goes on after a fault, and CPUs come back", () => {
    const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
    const hold = [loadMap(1, 0), movImm(2, 2000), movImm(3, 0), call("ringbuf_reserve")];
    const machine = machineOf(() => [[...hold, op(0x55, 0, 0, 1, 0), exit, movImm(2, 0), fetch64(0, 2, 0), exit]], {
      maps,
      cpus: 1,
    });
    for (let round = 0; round < 20; round++) {
      assert.throws(() => runWith(machine), /null pointer/);
      const ring = machine.maps[0]!.ring!.memory;
      Atomics.store(ring.consumer, 0, Atomics.load(ring.producer, 0));
    }
  });

  it("a record that is kept at the exit is discarded, and the run is at fault", () => {
    const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
    const machine = machineOf(() => [[loadMap(1, 0), movImm(2, 8), movImm(3, 0), call("ringbuf_reserve"), exit]], {
      maps,
    });
    assert.throws(() => runWith(machine), /neither submitted nor discarded/);
    const { data } = machine.maps[0]!.ring!.memory;
    assert.equal(new DataView(data.buffer, data.byteOffset).getUint32(0, true), 0x4000_0008);
  });
});

describe("calls", () => {
  it("keep r6 to r9, give a frame of its own, and let the callee see the caller's", () => {
    const code = [
      movImm(6, 1),
      movImm(7, 2),
      movImm(8, 3),
      movImm(9, 4), // 0..3
      op(0x7a, 10, 0, -8, 55), // 4
      mov(1, 10),
      addImm(1, -8), // 5, 6
      callLocal(6), // 7 -> 14
      op(0x0f, 0, 6),
      op(0x0f, 0, 7),
      op(0x0f, 0, 8),
      op(0x0f, 0, 9), // 8..11
      fetch64(1, 10, -8), // 12
      exit, // 13
      movImm(6, 100),
      movImm(7, 100),
      movImm(8, 100),
      movImm(9, 100), // 14..17
      op(0x7a, 10, 0, -8, 66), // 18
      fetch64(0, 1, 0), // 19
      exit, // 20
    ];
    assert.equal(result(code, { functions: [14] }), 55n + 10n);
  });

  it("a callee's frame is gone when it has returned", () => {
    const code = [callLocal(2), fetch64(0, 0, 0), exit, mov(0, 10), addImm(0, -8), exit];
    assert.match(faultOf(code, { functions: [3] }).message, /its own now/);
  });

  it("the memory that a program wrote is the map's", () => {
    const machine = machineOf((maps) => [[load64(2, BigInt(maps[0]!.address)), op(0x7a, 2, 0, 0, 9), exit]], {
      maps: [dataMap("data", 8)],
    });
    runWith(machine);
    assert.equal(valueOf(machine, 0)[0], 9);
  });
});
