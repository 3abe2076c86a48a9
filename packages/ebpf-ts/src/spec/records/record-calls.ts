import { CALL, CallKind } from "../../insn/opcodes.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import type { FunctionSpec } from "../types.ts";
import { trackValues, type State } from "./flow/track-values.ts";
import { isConstant, result, type Value } from "./flow/values.ts";

/** What is in the memory: a record, in the words of the table of map kinds for its ring; or part of an entry of a map. */
export type Role = "event" | "perf" | "key" | "value";

/** A call that says something of a map, as far as the function's code alone tells. */
export interface MapCall {
  readonly fn: FunctionSpec;
  readonly slot: number;
  readonly role: Role;
  readonly map: Value | undefined;
  /** Where the record, key or value is: before the call, or after it when the call returns it. */
  readonly data: Value | undefined;
  readonly size: Value | undefined;
  /** The call makes the memory, or looks it up. */
  readonly isResult: boolean;
  /** The kernel appends bytes of the context, such as a packet's, or it may. */
  readonly isAppended: boolean;
  /** The address of the dynptr that stands for the memory. */
  readonly dynptr: Value | undefined;
}

/** The registers that hold the map, the data (r0: it is what is returned) and its size (0: that of the map's definition). */
export interface Signature {
  readonly role: Role;
  readonly map: number;
  readonly data: number;
  readonly size: number;
  readonly dynptr?: number;
}

/** What each helper does with maps, by its number. */
export type Helpers = ReadonlyMap<number, readonly Signature[]>;

const perf: Signature = { role: "perf", map: 2, data: 4, size: 5 };

/** All helpers that make records. */
const recordHelpers: Helpers = new Map([
  [HelperId.perf_event_output, [perf]],
  [HelperId.skb_output, [perf]],
  [HelperId.xdp_output, [perf]],
  [HelperId.ringbuf_output, [{ role: "event", map: 1, data: 2, size: 3 }]],
  [HelperId.ringbuf_reserve, [{ role: "event", map: 1, data: 0, size: 2 }]],
  [HelperId.ringbuf_reserve_dynptr, [{ role: "event", map: 1, data: 0, size: 2, dynptr: 4 }]],
]);

/** Slots of the helper calls of some kind. */
export function helperCalls(fn: FunctionSpec, helpers: { has(id: number): boolean }): number[] {
  return fn.instructions.flatMap(({ opcode, src, imm }, slot) =>
    opcode === CALL && src === CallKind.HELPER && helpers.has(imm) ? [slot] : [],
  );
}

/** Every call in the function that makes a record and can be reached. */
export function recordCalls(fn: FunctionSpec): MapCall[] {
  return mapCalls(fn, recordHelpers);
}

/** Every call of such a helper in the function that can be reached, once for each thing that it does. */
export function mapCalls(fn: FunctionSpec, helpers: Helpers): MapCall[] {
  const slots = helperCalls(fn, helpers);
  if (slots.length === 0) return [];
  const { before } = trackValues(fn, new Set(slots));
  return slots.flatMap((slot) => {
    const state = before.get(slot);
    const signatures = helpers.get(fn.instructions[slot]!.imm) ?? [];
    return state === undefined ? [] : signatures.map((signature) => mapCall(fn, slot, signature, state));
  });
}

const flagsRegister = 3;
/** BPF_F_CTXLEN_MASK, bits 32 to 51: how many bytes of the context are appended. */
const largestIndex = 0xffff_ffff;

/** Flags that are computed mostly hold a length; a processor's number is small. */
function appends(flags: Value | undefined): boolean {
  if (flags?.kind === "result") return false;
  return !isConstant(flags) || flags.offset > largestIndex;
}

function mapCall(fn: FunctionSpec, slot: number, signature: Signature, { registers }: State): MapCall {
  const { role, map, data, size, dynptr } = signature;
  return {
    fn,
    slot,
    role,
    map: registers[map],
    data: data === 0 ? result(slot) : registers[data],
    size: size === 0 ? undefined : registers[size],
    isResult: data === 0,
    isAppended: role === "perf" && appends(registers[flagsRegister]),
    dynptr: dynptr === undefined ? undefined : registers[dynptr],
  };
}
