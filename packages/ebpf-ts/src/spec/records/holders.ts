import { FRAME_REGISTER } from "../../dwarf/frame-register.ts";
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
      isSame(valueAt(place, state, fn.frames[0]), address),
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
  return fn.variables.flatMap((variable) =>
    heldIn(fn, types, address, slot, { variable, type: variable.type }, (place, state) =>
      place.kind === "memory" ? addressOf(place, state, frame) : undefined,
    ),
  );
}

/**
 * What begins at an address in variables that are in memory, or in what pointer variables point to. `frame` is the size of the frame;
 * without it, nothing is said of what lies there.
 */
export function heldFor(
  fn: ObjectFunction,
  types: DwarfTypes,
  address: Value,
  slot: number,
  frame: number | undefined,
): (Held & { readonly isPointee: boolean })[] {
  return fn.variables.flatMap((variable) => {
    const pointee = types.pointee(variable.type);
    const own = heldIn(fn, types, address, slot, { variable, type: variable.type }, (place, state) =>
      place.kind === "memory" ? addressOf(place, state, frame) : undefined,
    );
    const behind =
      pointee === undefined
        ? []
        : heldIn(fn, types, address, slot, { variable, type: pointee }, (place, state) => valueAt(place, state, frame));
    return [
      ...own.map((held) => ({ ...held, isPointee: false })),
      ...behind.map((held) => ({ ...held, isPointee: true })),
    ];
  });
}

/** What begins at an address in something of a type, which is where a variable is, or points to. */
function heldIn(
  fn: ObjectFunction,
  types: DwarfTypes,
  address: Value,
  slot: number,
  { variable, type: whole }: { readonly variable: DwarfVariable; readonly type: number },
  startOf: (place: Place, state: State | undefined) => Value | undefined,
): Held[] {
  const size = types.sizeOf(whole);
  if (size === undefined) return [];
  const offsets = new Set<number>();
  const at = slotsHolding(fn, types.sections.budget, variable, slot, (place, state) => {
    const start = startOf(place, state);
    if (start === undefined || !isSameBase(start, address)) return false;
    const offset = address.offset - start.offset;
    if (!(offset >= 0 && offset < size)) return false;
    offsets.add(offset);
    return true;
  });
  if (at.length === 0) return [];
  const inScope = fn.inScope(variable, slot);
  const distance = nearest(at, slot);
  return [...offsets].flatMap((offset) =>
    types.partsAt(whole, offset).map(({ type }) => ({ type, variable, inScope, distance })),
  );
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
function valueAt(place: Place, state: State | undefined, frame: number | undefined): Value | undefined {
  if (state === undefined) return undefined;
  const isFrame = place.register === FRAME_REGISTER;
  if (place.kind === "register" && !isFrame) return state.registers[place.register];
  const address = addressOf(place, state, frame);
  // The frame's register is as good as its value: nothing is kept in it.
  if (place.kind === "register") return address;
  return place.kind === "value" ? address : address && state.memory.load(address, 8);
}

function addressOf(place: Place, state: State | undefined, frame: number | undefined): Value | undefined {
  if (place.register === FRAME_REGISTER) return frame === undefined ? undefined : stack(place.offset - frame);
  const base = state?.registers[place.register];
  return base === undefined ? undefined : moved(base, place.offset);
}
