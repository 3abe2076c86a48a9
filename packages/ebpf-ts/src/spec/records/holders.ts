import { FRAME_REGISTER } from "../../dwarf/index.ts";
import type { Budget, DwarfTypes, DwarfVariable, Place } from "../../dwarf/index.ts";
import type { ObjectFunction } from "./object-code.ts";
import type { State } from "./flow/track-values.ts";
import { isSame, isSameBase, moved, stack, type Value } from "./flow/values.ts";

/** A type that begins at an address, by what a variable says. */
export interface Held {
  /** Offset of its entry. */
  readonly type: number;
  readonly variable: DwarfVariable;
  /** Whether the variable can be seen where the record is made. */
  readonly inScope: boolean;
  /** How far from there the variable gets to be there: the nearer, the likelier it was meant. */
  readonly distance: number;
}

/** The types of what pointer variables point to while they hold an address; `slot` is where the record is made. */
export function heldByPointers(fn: ObjectFunction, types: DwarfTypes, address: Value, slot: number): Held[] {
  const held: Held[] = [];
  for (const variable of fn.variables) {
    const type = types.pointee(variable.type);
    if (type === undefined) continue;
    const at = slotsHolding(fn, types.sections.budget, variable, slot, (place, state) =>
      isSame(valueAt(fn, place, state), address),
    );
    if (at.length === 0) continue;
    held.push({ type, variable, inScope: fn.inScope(variable, slot), distance: nearest(at, slot) });
  }
  return held;
}

/** What begins at an address within variables that are in memory, outermost first. */
export function heldInMemory(
  fn: ObjectFunction,
  types: DwarfTypes,
  address: Value,
  slot: number,
  frame: number,
): Held[] {
  const held: Held[] = [];
  for (const variable of fn.variables) {
    const size = types.sizeOf(variable.type);
    if (size === undefined) continue;
    const offsets = new Set<number>();
    const at = slotsHolding(fn, types.sections.budget, variable, slot, (place, state) => {
      const start = place.kind === "memory" ? addressOf(place, state, frame) : undefined;
      if (start === undefined || !isSameBase(start, address)) return false;
      const offset = address.offset - start.offset;
      if (!(offset >= 0 && offset < size)) return false;
      offsets.add(offset);
      return true;
    });
    if (at.length === 0) continue;
    const inScope = fn.inScope(variable, slot);
    const distance = nearest(at, slot);
    for (const offset of offsets) {
      for (const { type } of types.partsAt(variable.type, offset)) held.push({ type, variable, inScope, distance });
    }
  }
  return held;
}

/** Slots where one of the variable's locations passes a test: where it begins, and at the record. */
function slotsHolding(
  fn: ObjectFunction,
  budget: Budget,
  { locations }: DwarfVariable,
  slot: number,
  test: (place: Place, state: State | undefined) => boolean,
): number[] {
  const found: number[] = [];
  budget.spend(1 + locations.length);
  for (const { from, to, place } of locations) {
    if (place === undefined) continue;
    const first = fn.slotAt(from);
    const last = fn.slotAt(to + 7);
    const candidates = [first, slot, slot + 1].filter((each) => each >= first && each < Math.max(last, first + 1));
    for (const each of new Set(candidates)) {
      if (test(place, fn.flow.before.get(each))) found.push(each === first ? first : slot);
    }
  }
  return found;
}

function nearest(slots: readonly number[], slot: number): number {
  return Math.min(...slots.map((each) => Math.abs(each - slot)));
}

/** What a pointer variable holds. */
function valueAt(fn: ObjectFunction, place: Place, state: State | undefined): Value | undefined {
  if (state === undefined) return undefined;
  const isFrame = place.register === FRAME_REGISTER;
  if (place.kind === "register" && !isFrame) return state.registers[place.register];
  const address = addressOf(place, state, fn.frames[0]);
  // The frame's register is as good as its value: nothing is kept in it.
  if (place.kind === "register") return address;
  return place.kind === "value" ? address : address && state.memory.load(address, 8);
}

function addressOf(place: Place, state: State | undefined, frame: number | undefined): Value | undefined {
  if (place.register === FRAME_REGISTER) return frame === undefined ? undefined : stack(place.offset - frame);
  const base = state?.registers[place.register];
  return base === undefined ? undefined : moved(base, place.offset);
}
