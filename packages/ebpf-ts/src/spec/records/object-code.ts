import type { Dwarf, DwarfVariable } from "../../dwarf/index.ts";
import { CALL, CallKind } from "../../insn/opcodes.ts";
import type { CollectionSpec, FunctionSpec } from "../types.ts";
import type { FunctionPlace } from "./function-place.ts";
import { trackValues, type Flow } from "./flow/track-values.ts";
import { isSame, type Value } from "./flow/values.ts";

/** A call of a function of the object. */
export interface Caller {
  readonly fn: ObjectFunction;
  readonly slot: number;
}

/** Bytes: MAX_BPF_STACK. */
const largestFrame = 512;

/** A function, what its variables are and what its registers hold: found when it is first asked for. */
export class ObjectFunction {
  readonly spec: FunctionSpec;
  readonly #place: FunctionPlace | undefined;
  readonly #dwarf: Dwarf | undefined;
  #flow: Flow | undefined;
  #frames: readonly number[] | undefined;
  #surest: { readonly size: number | undefined } | undefined;

  constructor(spec: FunctionSpec, place: FunctionPlace | undefined, dwarf: Dwarf | undefined) {
    this.spec = spec;
    this.#place = place;
    this.#dwarf = dwarf;
  }

  get variables(): readonly DwarfVariable[] {
    const place = this.#place;
    return place === undefined ? [] : (this.#dwarf?.variablesOf(place.section, place.offset) ?? []);
  }

  /** Structs and unions of a size in bytes that its own source file defines. */
  compositesBeside(size: number): readonly number[] {
    const place = this.#place;
    return place === undefined ? [] : (this.#dwarf?.compositesBeside(place.section, place.offset, size) ?? []);
  }

  /** Before calls, after them, and where a variable gets to another place. */
  get flow(): Flow {
    this.#flow ??= trackValues(this.spec, this.#slotsOfInterest());
    return this.#flow;
  }

  /** The slot at an address; outside of the function it is negative, or beyond its end. */
  slotAt(address: number): number {
    const { section, offset } = this.#place ?? { section: 0, offset: 0 };
    return Math.floor((address - (section * 2 ** 32 + offset)) / 8);
  }

  /** Whether the variable can be seen at a slot. */
  inScope({ scope }: DwarfVariable, slot: number): boolean {
    return scope.length === 0 || scope.some(({ from, to }) => this.slotAt(from) <= slot && slot < this.slotAt(to + 7));
  }

  valueBefore(slot: number, register: number): Value | undefined {
    return this.flow.before.get(slot)?.registers[register];
  }

  /** Whether it gives back what the call at a slot has returned. */
  returns(value: Value): boolean {
    return this.flow.returned.some((each) => isSame(each, value));
  }

  /**
   * What the size of the frame may be, the likeliest first. DWARF counts from the frame's bottom and does not say where that is: the
   * deepest access is near it, and a size is the likelier, the more variables begin where the code has something.
   */
  get frames(): readonly number[] {
    this.#frames ??= this.#guessFrames();
    return this.#frames;
  }

  /** The size for which more variables begin where the code has something than for any other; undefined when there is no such. */
  get surestFrame(): number | undefined {
    this.#surest ??= { size: this.#findSurest() };
    return this.#surest.size;
  }

  #findSurest(): number | undefined {
    const least = this.#leastFrame();
    if (least === undefined) return undefined;
    const sizes = Array.from({ length: Math.max(0, (largestFrame - least) / 8) + 1 }, (_, index) => least + 8 * index);
    const [first, second] = this.#voted(sizes);
    return first !== undefined && first.votes > (second?.votes ?? 0) ? first.size : undefined;
  }

  #guessFrames(): readonly number[] {
    const least = this.#leastFrame();
    if (least === undefined) return [];
    return this.#voted([least, least + 8, least + 16]).map(({ size }) => size);
  }

  #leastFrame(): number | undefined {
    const { frame } = this.flow;
    if (frame.size === 0) return undefined;
    let deepest = 0;
    for (const offset of frame) deepest = Math.max(deepest, -offset);
    return Math.ceil(deepest / 8) * 8;
  }

  /** Most votes first. */
  #voted(sizes: readonly number[]): { readonly size: number; readonly votes: number }[] {
    const { frame } = this.flow;
    const starts = this.variables.flatMap(({ locations }) =>
      locations.flatMap(({ place }) => (place?.kind === "memory" && place.register === 10 ? [place.offset] : [])),
    );
    const voted = sizes.map((size) => ({ size, votes: starts.filter((start) => frame.has(start - size)).length }));
    return voted.sort((a, b) => b.votes - a.votes);
  }

  #slotsOfInterest(): Set<number> {
    const slots = new Set<number>([0]);
    this.spec.instructions.forEach(({ opcode }, slot) => {
      if (opcode === CALL) slots.add(slot).add(slot + 1);
    });
    for (const { locations } of this.variables) for (const { from } of locations) slots.add(this.slotAt(from));
    return slots;
  }
}

/** The functions of an object, and who calls whom. */
export class ObjectCode {
  readonly functions: readonly ObjectFunction[];
  readonly #byName: ReadonlyMap<string, ObjectFunction>;
  readonly #callers = new Map<string, Caller[]>();
  readonly #callees = new Map<ObjectFunction, ReadonlyMap<number, string>>();

  constructor(spec: CollectionSpec, places: ReadonlyMap<string, FunctionPlace>, dwarf: Dwarf | undefined) {
    const all = [...spec.programs, ...spec.functions];
    this.functions = all.map((fn) => new ObjectFunction(fn, places.get(fn.name), dwarf));
    this.#byName = new Map(this.functions.map((fn) => [fn.spec.name, fn]));
    for (const fn of this.functions) {
      const calls = fn.spec.references.filter((reference) => reference.kind === "call");
      this.#callees.set(fn, new Map(calls.map((call) => [call.slot, call.function])));
      for (const call of calls) {
        const callers = this.#callers.get(call.function) ?? [];
        this.#callers.set(call.function, callers);
        callers.push({ fn, slot: call.slot });
      }
    }
  }

  named(name: string): ObjectFunction | undefined {
    return this.#byName.get(name);
  }

  callersOf(fn: ObjectFunction): readonly Caller[] {
    return this.#callers.get(fn.spec.name) ?? [];
  }

  /** The function of the object that is called there. */
  calleeAt(fn: ObjectFunction, slot: number): ObjectFunction | undefined {
    const name = this.#callees.get(fn)?.get(slot);
    return name === undefined ? undefined : this.#byName.get(name);
  }

  /** The helper that is called there. */
  helperAt(fn: ObjectFunction, slot: number): number | undefined {
    const call = fn.spec.instructions[slot];
    return call?.opcode === CALL && call.src === CallKind.HELPER ? call.imm : undefined;
  }
}
