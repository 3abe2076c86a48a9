import { HelperId } from "../../uapi/uapi.gen.ts";
import type { ObjectCode, ObjectFunction } from "./object-code.ts";
import { helperCalls, type MapCall } from "./record-calls.ts";
import { isConstant, isSame, mapNames, moved, result, type Value } from "./flow/values.ts";

/** How one function sees a record that it makes, or that a function makes which it calls. */
export interface View {
  readonly fn: ObjectFunction;
  /** Of the call. */
  readonly slot: number;
  readonly data: Value | undefined;
  /** Bytes of the record; undefined when that is no constant. */
  readonly size: number | undefined;
  /** The memory is the ring's own. */
  readonly isReserved: boolean;
  /** It is only the beginning of the record. */
  readonly isPart: boolean;
}

/** A way in which a record is made, or a key or value passed: innermost function first. */
export interface RecordPath {
  /** Names of the maps that it may go to; none when that cannot be told. */
  readonly maps: readonly string[];
  /** It goes to a map that was looked up in one of them. */
  readonly isInner: boolean;
  readonly role: MapCall["role"];
  /** The call returns where it is, rather than being told. */
  readonly isTaken: boolean;
  readonly size: number | undefined;
  readonly views: readonly View[];
  /** For people: `handle_exec, instruction 12`. */
  readonly place: string;
}

/** Wrappers of wrappers. */
const deepest = 3;
/** Paths of one object; what lies behind that is not told. */
export const mostPaths = 2000;
export const tooManyPaths = "the object's functions call each other in too many ways";

/** All ways in which calls make records, along the functions that hand on the map, the data or its size. */
export function recordPaths(code: ObjectCode, calls: readonly MapCall[]): RecordPath[] {
  const paths: RecordPath[] = [];
  for (const call of calls) {
    const fn = code.named(call.fn.name);
    if (fn !== undefined) new PathFinder(code, call, paths).from(fn);
  }
  return paths;
}

/** What is known of a record in one function. */
interface Facts {
  readonly map: Value | undefined;
  readonly isInner: boolean;
  readonly data: Value | undefined;
  readonly size: Value | undefined;
}

class PathFinder {
  readonly #code: ObjectCode;
  readonly #call: MapCall;
  readonly #paths: RecordPath[];

  constructor(code: ObjectCode, call: MapCall, paths: RecordPath[]) {
    this.#code = code;
    this.#call = call;
    this.#paths = paths;
  }

  from(fn: ObjectFunction): void {
    const { map, data, size, slot } = this.#call;
    this.#visit(fn, slot, this.#lookedUp(fn, { map, isInner: false, data, size }), [], 0);
  }

  #visit(fn: ObjectFunction, slot: number, facts: Facts, inner: readonly View[], depth: number): void {
    if (this.#paths.length >= mostPaths) return;
    const views = [...inner, ...this.#viewsOf(fn, slot, facts)];
    const callers = depth < deepest ? this.#callersOf(fn, facts) : [];
    if (callers.length === 0) return this.#add(facts, views);
    for (const caller of callers) this.#visit(caller.fn, caller.slot, caller.facts, views, depth + 1);
  }

  #callersOf(
    fn: ObjectFunction,
    facts: Facts,
  ): { readonly fn: ObjectFunction; readonly slot: number; readonly facts: Facts }[] {
    const isReturned = this.#call.isResult && facts.data !== undefined && fn.returns(facts.data);
    const handsOn = [facts.map, facts.data, facts.size].some((value) => value?.kind === "argument") || isReturned;
    if (!handsOn) return [];
    return this.#code.callersOf(fn).map(({ fn: caller, slot }) => {
      const inCaller = (value: Value | undefined): Value | undefined => {
        if (value?.kind === "argument") {
          const passed = caller.valueBefore(slot, value.at);
          return passed === undefined ? undefined : moved(passed, value.offset);
        }
        return value?.kind === "stack" || value?.kind === "result" ? undefined : value;
      };
      const data = isReturned ? result(slot) : inCaller(facts.data);
      const passed = { map: inCaller(facts.map), isInner: facts.isInner, data, size: inCaller(facts.size) };
      return { fn: caller, slot, facts: this.#lookedUp(caller, passed) };
    });
  }

  /** A map that was looked up is a map: it stays one in callers. */
  #lookedUp(fn: ObjectFunction, facts: Facts): Facts {
    const { map } = facts;
    if (map?.kind !== "result" || this.#code.helperAt(fn, map.at) !== HelperId.map_lookup_elem) return facts;
    return { ...facts, map: fn.valueBefore(map.at, 1), isInner: true };
  }

  #viewsOf(fn: ObjectFunction, slot: number, { data, size }: Facts): View[] {
    const bytes = sizeOf(size);
    const { role, isResult } = this.#call;
    const isReserved = isResult && role === "event";
    const own = { fn, slot, data, size: bytes, isReserved, isPart: this.#call.isAppended };
    return isReserved && this.#call.dynptr !== undefined && fn.spec === this.#call.fn
      ? throughDynptr(own, result(slot))
      : [own];
  }

  #add(facts: Facts, views: readonly View[]): void {
    const { role, slot, isResult } = this.#call;
    this.#paths.push({
      maps: mapNames(facts.map),
      isInner: facts.isInner,
      role,
      isTaken: isResult,
      size: sizeOf(facts.size),
      views,
      place: `${this.#call.fn.name}, instruction ${slot}`,
    });
  }
}

function sizeOf(size: Value | undefined): number | undefined {
  return isConstant(size) && size.offset > 0 ? size.offset : undefined;
}

const dynptrUsers: ReadonlySet<number> = new Set([HelperId.dynptr_data, HelperId.dynptr_write]);

/** What is read and written through a dynptr: `bpf_dynptr_data(ptr, offset, size)`, `bpf_dynptr_write(ptr, offset, from, size, flags)`. */
function throughDynptr(record: View, made: Value): View[] {
  const { fn } = record;
  return helperCalls(fn.spec, dynptrUsers).flatMap((slot) => {
    const state = fn.flow.before.get(slot);
    const dynptr = state?.registers[1];
    if (state === undefined || dynptr === undefined || !isSame(state.memory.load(dynptr, 8), made)) return [];
    const isData = fn.spec.instructions[slot]!.imm === HelperId.dynptr_data;
    const offset = state.registers[2];
    if (!isConstant(offset) || offset.offset !== 0) return [];
    const size = sizeOf(state.registers[isData ? 3 : 4]);
    const data = isData ? result(slot) : state.registers[3];
    return [{ fn, slot, data, size, isReserved: isData, isPart: size !== record.size }];
  });
}
