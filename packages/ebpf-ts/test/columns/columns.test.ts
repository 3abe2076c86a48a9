import assert from "node:assert/strict";
import { describe, it, test } from "node:test";
import fc from "fast-check";
import { BtfBuilder, parseBtf } from "../../src/btf/index.ts";
import type { Btf } from "../../src/btf/index.ts";
import { makeDecoder } from "../../src/btf/codec/decoder.ts";
import { makePlan } from "../../src/btf/codec/make-plan.ts";
import { columnMemory, type Wide } from "../../src/columns/column-memory.ts";
import { type ColumnPlan, planColumns } from "../../src/columns/column-plan.ts";
import { ColumnTable } from "../../src/columns/column-table.ts";
import { ColumnTables } from "../../src/columns/column-tables.ts";
import { closeOverFill, type Fill, generateFill } from "../../src/columns/fill.ts";
import { TextColumn } from "../../src/columns/text-column.ts";
import type { Shape } from "../btf/arbitrary-type.ts";
import { shapes } from "../btf/arbitrary-type.ts";

const wides: readonly Wide[] = ["number", "bigint", "halves"];

/** A struct around it, so that it is a member. */
function around(shape: Shape): { btf: Btf; id: number; size: number } {
  const builder = new BtfBuilder();
  const size = shape.size + 8;
  const byte = builder.int("u8", 1);
  const inner = shape.build(builder);
  const id = builder.struct("record", size, [
    { name: "first", type: byte, offset: 0 },
    { name: "it", type: inner, offset: 8 },
  ]);
  return { btf: parseBtf(builder.bytes()), id, size };
}

const records = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    rows: fc.array(fc.uint8Array({ minLength: shape.size + 8, maxLength: shape.size + 8 }), { maxLength: 5 }),
  }),
);

function filled(fill: Fill, columns: readonly ColumnPlan[], wide: Wide, rows: readonly Uint8Array[]): unknown[] {
  const memories = columns.map((column) => columnMemory(column, wide, rows.length));
  fill.bind(memories);
  rows.forEach((row, index) => {
    // At no particular place.
    const around = new Uint8Array(row.length + 11);
    around.set(row, 3);
    fill.put(new DataView(around.buffer), 3, index);
  });
  return memories.map((memory) => memory.show(rows.length));
}

test("code and closures fill columns alike, for any type and any bytes", () => {
  fc.assert(
    fc.property(records, fc.constantFrom(...wides), ({ shape, rows }, wide) => {
      const { btf, id } = around(shape);
      const columns = planColumns(makePlan(btf, id), undefined, "records");
      const [code, closures] = [generateFill, closeOverFill].map((make) =>
        filled(make(columns, wide), columns, wide, rows),
      );
      assert.deepStrictEqual(code, closures);
    }),
    { numRuns: 500 },
  );
});

/** What a decoded value is in a column; undefined where it says less than the bytes do, or is a name. */
function inColumn(value: unknown, wide: Wide): unknown {
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint" && wide === "number") return Number(value);
  return value;
}

test("columns hold what the decoder gives", () => {
  fc.assert(
    fc.property(records, fc.constantFrom<Wide>("number", "bigint"), ({ shape, rows }, wide) => {
      const { btf, id, size } = around(shape);
      const table = new ColumnTable({ btf, id }, undefined, wide);
      for (const row of rows) table.add(new DataView(row.buffer, row.byteOffset, row.length), 0, size);
      assert.equal(table.rows, rows.length);
      const columns = table.take();
      const decoder = makeDecoder(btf, id);
      rows.forEach((row, index) => {
        const value = decoder.decode(new DataView(row.buffer, row.byteOffset, row.length), 0, size) as { it: unknown };
        const column = columns["it"];
        if (column === undefined) return;
        if (column instanceof TextColumn) assert.equal(column.at(index), value.it);
        else if (typeof value.it !== "object" && typeof value.it !== "string")
          assert.equal((column as Uint8Array)[index], inColumn(value.it, wide));
        else if (value.it instanceof Uint8Array)
          assert.deepEqual((column as Uint8Array).slice(index * shape.size, (index + 1) * shape.size), value.it);
      });
    }),
    { numRuns: 500 },
  );
});

function sample(): { btf: Btf; id: number } {
  const b = new BtfBuilder();
  const u32 = b.int("u32", 4);
  const wide = b.int("u64", 8);
  const task = b.struct("task", 8, [
    { name: "pid", type: u32, offset: 0 },
    { name: "tid", type: u32, offset: 4 },
  ]);
  const id = b.struct("event", 64, [
    { name: "time", type: wide, offset: 0 },
    { name: "task", type: task, offset: 8 },
    { name: "comm", type: b.array(b.int("char", 1, "char"), 16, u32), offset: 16 },
    { name: "counts", type: b.array(u32, 3, u32), offset: 32 },
    { name: "huge", type: b.int("u128", 16), offset: 48 },
  ]);
  return { btf: parseBtf(b.bytes()), id };
}

function bytesOf(time: bigint, pid: number, comm: string): DataView {
  const view = new DataView(new ArrayBuffer(64));
  view.setBigUint64(0, time, true);
  view.setUint32(8, pid, true);
  view.setUint32(12, pid + 1, true);
  new Uint8Array(view.buffer).set(new TextEncoder().encode(comm), 16);
  for (let i = 0; i < 3; i++) view.setUint32(32 + 4 * i, 10 * pid + i, true);
  return view;
}

describe("columns of a struct", () => {
  const names = ["time", "task.pid", "comm", "counts"];
  const table = (wide: Wide = "number", of: readonly string[] | undefined = names): ColumnTable =>
    new ColumnTable(sample(), of, wide);

  it("numbers, members of structs, texts and arrays", () => {
    const rows = table();
    rows.add(bytesOf(5n, 1, "ä"), 0, 64);
    rows.add(bytesOf(2n ** 53n - 1n, 2, ""), 0, 64);
    rows.add(bytesOf(0n, 3, "sixteen letters!"), 0, 80);
    const { comm, ...numbers } = rows.take();
    assert.deepEqual(numbers, {
      time: Float64Array.of(5, Number.MAX_SAFE_INTEGER, 0),
      "task.pid": Uint32Array.of(1, 2, 3),
      counts: Uint32Array.of(10, 11, 12, 20, 21, 22, 30, 31, 32),
    });
    assert.ok(comm instanceof TextColumn);
    assert.deepEqual(comm.offsets, Int32Array.of(0, 2, 2, 18));
    assert.deepEqual([...comm], ["ä", "", "sixteen letters!"]);
    assert.equal(comm.at(3), undefined);
    assert.equal(comm.length, 3);
  });

  it("64 bits as bigints, and as halves", () => {
    const big = 2n ** 64n - 2n;
    for (const [wide, expected] of [
      ["bigint", BigUint64Array.of(big)],
      ["halves", Uint32Array.of(0xffff_fffe, 0xffff_ffff)],
    ] as const) {
      const rows = table(wide, ["time"]);
      rows.add(bytesOf(big, 1, ""), 0, 64);
      assert.deepEqual(rows.take(), { time: expected });
    }
  });

  it("many rows, in memory that is used again", () => {
    const rows = table();
    const taken = [1000, 1000].map((count) => {
      for (let i = 0; i < count; i++) rows.add(bytesOf(BigInt(i), i, `name ${i}`), 0, 64);
      const { time, comm } = rows.take();
      assert.deepEqual(
        [...(time as Float64Array)],
        Array.from({ length: count }, (_, i) => i),
      );
      assert.equal((comm as TextColumn).at(count - 1), `name ${count - 1}`);
      return time as Float64Array;
    });
    assert.equal(taken[0]!.buffer, taken[1]!.buffer);
  });

  it("none at all", () => {
    const { time, comm } = table().take();
    assert.equal((time as Float64Array).length, 0);
    assert.deepEqual([...(comm as TextColumn)], []);
  });

  it("all members that can be columns when no names are given", () => {
    const all = new ColumnTable(sample(), undefined, "number").take();
    assert.deepEqual(Object.keys(all), ["time", "task.pid", "task.tid", "comm", "counts"]);
  });

  it("a record that is too short is refused, and the rows before it are kept", () => {
    const rows = table();
    rows.add(bytesOf(1n, 1, ""), 0, 64);
    assert.throws(() => rows.add(bytesOf(2n, 2, ""), 0, 63), {
      code: "BAD_VALUE",
      message:
        "Cannot read a record of 63 bytes in columns: struct event takes 64; the rows before it come with the next call",
    });
    assert.equal(rows.rows, 1);
    const exact = new ColumnTable({ ...sample(), exact: 64 }, names, "number");
    assert.throws(() => exact.add(bytesOf(2n, 2, ""), 0, 72), { code: "BAD_VALUE" });
  });

  const refusals: readonly [name: string, code: string, message: string][] = [
    ["pid", "NOT_FOUND", "Cannot find member pid of records of struct event: there are time, task, comm, counts, huge"],
    ["task.comm", "NOT_FOUND", "Cannot find member task.comm of records of struct event: there are pid, tid"],
    ["time.low", "NOT_FOUND", "Cannot find member time.low of records of struct event: there are none"],
    [
      "__proto__",
      "NOT_FOUND",
      "Cannot find member __proto__ of records of struct event: there are time, task, comm, counts, huge",
    ],
    [
      "task",
      "BAD_VALUE",
      "Cannot read records of struct event in columns: their member task is a struct: name a member of it",
    ],
    [
      "huge",
      "BAD_VALUE",
      "Cannot read records of struct event in columns: their member huge has no column: leave it out",
    ],
  ];
  for (const [name, code, message] of refusals)
    it(message, () => assert.throws(() => table("number", [name]), { code, message }));
});

test("the same members and options have the same table, up to a number", () => {
  const tables = new ColumnTables();
  const type = sample();
  const first = tables.find(type, ["time"], {});
  assert.equal(tables.find(type, ["time"], { wide: "number" }), first);
  assert.notEqual(tables.find(type, ["time"], { wide: "bigint" }), first);
  assert.throws(() => tables.find(type, "time" as never, {}), TypeError);
  assert.throws(() => tables.find(type, [5 as never], {}), TypeError);
  assert.throws(() => tables.find(type, ["time"], { wide: "no" as never }), TypeError);
  assert.throws(() => tables.find(type, ["time"], { width: 1 } as never), TypeError);
  for (let i = 0; i < 40; i++) tables.find(type, Array<string>(i + 1).fill("comm"), {});
  assert.notEqual(tables.find(type, ["time"], {}), first);
});
