import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProgramFault } from "../../src/base/errors.ts";
import type { Machine } from "../../src/engine/embedded/machine/contracts.ts";
import { MapFlag, MapType } from "../../src/uapi/uapi.gen.ts";
import {
  addImm,
  call,
  type Code,
  exit,
  fetch64,
  load64,
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

/** r0 = the value of a key. */
function lookUp(key: number): Code[] {
  return [
    op(0x62, 10, 0, -4, key),
    loadMap(1, 0),
    mov(2, 10),
    addImm(2, -4),
    call("map_lookup_elem"),
    op(0x55, 0, 0, 1, 0),
    exit,
  ].flat();
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

const kinds = [
  ["array", MapType.ARRAY, 0],
  ["array in memory", MapType.ARRAY, MapFlag.MMAPABLE],
  ["array per CPU", MapType.PERCPU_ARRAY, 0],
  ["hash", MapType.HASH, 0],
  ["LRU hash", MapType.LRU_HASH, 0],
] as const;

describe("a value of a map is memory by itself", () => {
  for (const [name, type, flags] of kinds) {
    const hash = type !== MapType.ARRAY && type !== MapType.PERCPU_ARRAY;
    const machineWith = (size: number, ...code: Code[]): Machine => {
      const machine = machineOf(() => [code], { maps: [{ ...mapSpec("values", type, 4, size, 8), flags }] });
      const value = new Uint8Array(Math.ceil(size / 8) * 8 * (type === MapType.PERCPU_ARRAY ? 2 : 1));
      const first = hash ? value.subarray(0, size) : value;
      if (hash) for (let key = 0; key < 8; key += 1) machine.maps[0]!.write(Uint8Array.of(key, 0, 0, 0), first, 0);
      return machine;
    };
    const key = (number: number): string => (hash ? `0${number} 00 00 00` : String(number));

    it(`${name}: not beyond its end, nor before its start`, () => {
      for (const at of [-8, 8]) {
        const message = faultOf(machineWith(8, ...lookUp(2), store64(0, at, 10), exit));
        assert.match(message, /wrote 8 bytes at 0x[0-9a-f]+, which is in the value of key .* of map values, that it/);
      }
      assert.match(
        faultOf(machineWith(12, ...lookUp(2), fetch64(0, 0, 8), exit)),
        new RegExp(`which runs over the end of the value of key ${key(2)} of map values`),
      );
      assert.match(
        faultOf(machineWith(16, ...lookUp(2), fetch64(0, 0, 12), exit)),
        new RegExp(`which runs over the end of the value of key ${key(2)} of map values`),
      );
    });

    it(`${name}: those that it has looked up, one after the other`, () => {
      const two = [...lookUp(1), mov(7, 0), ...lookUp(2), store64(7, 0, 10), store64(0, 0, 10), store64(7, 8, 10)];
      assert.notEqual(runWith(machineWith(16, ...two, exit)).returnValue, 0n);
      assert.match(faultOf(machineWith(16, ...lookUp(1), mov(7, 0), ...lookUp(2), fetch64(0, 7, 12), exit)), /key/);
    });

    it(`${name}: each run looks up what it touches`, () => {
      const machine = machineWith(8, ...lookUp(1), store64(0, 0, 10), mov(1, 10), exit);
      assert.notEqual(runWith(machine).returnValue, 0n);
      const { address } = machine.image.maps[0]!;
      const other = machineOf(() => [[load64(1, BigInt(address)), fetch64(0, 1, 0), exit]], {
        maps: [{ ...mapSpec("values", type, 4, 8, 8), flags }],
      });
      assert.match(faultOf(other), /that it has not looked up/);
    });

    it(`${name}: what a helper is given is a value too`, () => {
      const fill = [
        ...lookUp(3),
        mov(1, 0),
        movImm(2, 16),
        mov(3, 10),
        addImm(3, -16),
        call("probe_read_kernel"),
        exit,
      ];
      assert.equal(runWith(machineWith(16, ...fill)).returnValue, 0n);
      assert.match(faultOf(machineWith(8, ...fill)), /of map values/);
    });
  }

  it("a walk through a map hands out its values", () => {
    const callback = [store64(3, 0, 10), movImm(0, 0), exit];
    const walk = [
      loadMap(1, 0),
      loadFunction(2, 5),
      movImm(3, 0),
      movImm(4, 0),
      call("for_each_map_elem"),
      exit,
    ].flat();
    const options = { maps: [mapSpec("values", MapType.ARRAY, 4, 8, 4)], functions: [walk.length] };
    assert.equal(runWith(machineOf(() => [[...walk, ...callback]], options)).returnValue, 4n);
    const over = [store64(3, 8, 10), movImm(0, 0), exit];
    assert.match(
      faultOf(machineOf(() => [[...walk, ...over]], options)),
      /key 1 of map values, that it has not looked up/,
    );
  });
});

it("a fault names no address of more than 64 bits", () => {
  for (const offset of [-8, 0, 8, 0x7fff]) {
    const message = faultOf(machineOf(() => [[load64(1, 0xffff_ffff_ffff_ffffn), fetch64(0, 1, offset), exit]]));
    assert.match(message, /at 0x[0-9a-f]{1,16}, which is no memory/);
  }
});

describe("a record of a dynptr", () => {
  const reserve: Code[] = [
    loadMap(1, 0),
    movImm(2, 16),
    movImm(3, 0),
    mov(4, 10),
    addImm(4, -16),
    call("ringbuf_reserve_dynptr"),
    mov(1, 10),
    addImm(1, -16),
    movImm(2, 0),
    movImm(3, 16),
    call("dynptr_data"),
    mov(6, 0),
  ];
  const maps = [mapSpec("ring", MapType.RINGBUF, 0, 0, 4096)];
  const atDynptr: Code[] = [mov(1, 10), addImm(1, -16), movImm(2, 0)];

  for (const end of ["submit", "discard"] as const) {
    it(`is ended by ${end}_dynptr alone`, () => {
      const raw: Code[] = [...reserve, mov(1, 6), movImm(2, 0), call(`ringbuf_${end}`), movImm(0, 0), exit];
      assert.match(
        faultOf(machineOf(() => [raw], { maps })),
        new RegExp(`gave bpf_ringbuf_${end} a record of a dynptr, which bpf_ringbuf_${end}_dynptr takes`),
      );
    });

    it(`cannot be written after ${end}_dynptr, neither by its dynptr nor by a pointer into it`, () => {
      const over = [...reserve, ...atDynptr, call(`ringbuf_${end}_dynptr`)];
      const write: Code[] = [mov(1, 10), addImm(1, -16), movImm(2, 0), mov(3, 10), movImm(4, 0), movImm(5, 0)];
      assert.match(
        faultOf(machineOf(() => [[...over, ...write, call("dynptr_write"), exit]], { maps })),
        /no initialised dynptr/,
      );
      assert.match(faultOf(machineOf(() => [[...over, store64(6, 0, 10), exit]], { maps })), /not its own now/);
    });
  }
});
