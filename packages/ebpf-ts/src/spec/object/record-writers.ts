import { CALL, CallKind } from "../../insn/opcodes.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import type { FunctionSpec } from "../types.ts";
import { trackRegisters } from "./track-registers.ts";
import type { Known } from "./track-registers.ts";

/** A call that makes a record. */
export interface RecordWriter {
  /** What it can write to, in the words of the table of map kinds. */
  readonly into: "event" | "perf";
  /** Undefined when it could be any of that type: an argument, an inner map, one of two. */
  readonly map: string | undefined;
  /** Bytes; undefined when that is no constant. */
  readonly size: number | undefined;
  /** For people: `program p, instruction 12`. */
  readonly place: string;
}

/** The registers that hold the map and the record's size. */
interface Signature {
  readonly into: RecordWriter["into"];
  readonly map: number;
  readonly size: number;
}

const perf: Signature = { into: "perf", map: 2, size: 5 };
const reserve: Signature = { into: "event", map: 1, size: 2 };

/** All helpers that make records. */
const RECORD_HELPERS: ReadonlyMap<number, Signature> = new Map([
  [HelperId.perf_event_output, perf],
  [HelperId.skb_output, perf],
  [HelperId.xdp_output, perf],
  [HelperId.ringbuf_output, { ...reserve, size: 3 }],
  [HelperId.ringbuf_reserve, reserve],
  [HelperId.ringbuf_reserve_dynptr, reserve],
]);

/** Every call in the functions that makes a record and can be reached. */
export function findRecordWriters(functions: readonly FunctionSpec[]): RecordWriter[] {
  return functions.flatMap(writersIn);
}

function writersIn(fn: FunctionSpec): RecordWriter[] {
  const signatures = new Map(
    fn.instructions.flatMap(({ opcode, src, imm }, slot) => {
      const signature = opcode === CALL && src === CallKind.HELPER ? RECORD_HELPERS.get(imm) : undefined;
      return signature === undefined ? [] : [[slot, signature] as const];
    }),
  );
  const writers = new Map<number, RecordWriter>();
  if (signatures.size === 0) return [];
  trackRegisters(fn, (slot, known) => {
    const signature = signatures.get(slot);
    if (signature !== undefined) writers.set(slot, writerOf(fn, slot, signature, known));
  });
  return [...writers.values()];
}

function writerOf(fn: FunctionSpec, slot: number, signature: Signature, known: readonly Known[]): RecordWriter {
  const map = known[signature.map];
  const size = known[signature.size];
  return {
    into: signature.into,
    map: typeof map === "string" ? map : undefined,
    size: typeof size === "number" && size > 0 ? size : undefined,
    place: `${fn.name}, instruction ${slot}`,
  };
}
