/** What a register or a word of memory holds, as far as it can be told from the code alone. */
export interface Value {
  /**
   * - constant: the number `offset`;
   * - map: the map `name`; where it is one of several, their names in lines;
   * - data: an address in the map `name`, which holds a section of global variables, counted from its begin; the code names the one at `at`;
   * - function: the function `name`;
   * - stack: an address in this function's frame, counted from its top (r10);
   * - result: what the call at slot `at` returned, and `offset` more: a pointer, or 0;
   * - argument: what the function was called with in register `at`, and `offset` more.
   */
  readonly kind: "constant" | "map" | "data" | "function" | "stack" | "result" | "argument";
  readonly name: string;
  readonly at: number;
  /** Bytes; NaN for somewhere behind it. */
  readonly offset: number;
}

const make = (kind: Value["kind"], name: string, at: number, offset: number): Value => ({ kind, name, at, offset });

export const constant = (value: number): Value => make("constant", "", 0, value);
export const map = (name: string): Value => make("map", name, 0, 0);
export const data = (name: string, offset: number): Value => make("data", name, offset, offset);
export const functionAddress = (name: string): Value => make("function", name, 0, 0);
export const stack = (offset: number): Value => make("stack", "", 0, offset);
export const result = (slot: number): Value => make("result", "", slot, 0);
export const argument = (register: number): Value => make("argument", "", register, 0);

export function isSame(a: Value | undefined, b: Value | undefined): boolean {
  if (a === b) return true;
  return a !== undefined && b !== undefined && isSameBase(a, b) && Object.is(a.offset, b.offset);
}

/** Whether they point into the same thing. */
export function isSameBase(a: Value, b: Value): boolean {
  return a.kind === b.kind && a.at === b.at && a.name === b.name;
}

export function isPointer({ kind }: Value): boolean {
  return kind === "stack" || kind === "result" || kind === "argument" || kind === "data";
}

export function isConstant(value: Value | undefined): value is Value {
  return value?.kind === "constant";
}

/** What is known where two ways meet. A pointer that is 0 on one of them is that pointer: programs ask before they use it. */
export function join(a: Value | undefined, b: Value | undefined): Value | undefined {
  if (isSame(a, b)) return a;
  if (a === undefined || b === undefined) return undefined;
  if (isZero(a) && isPointer(b)) return b;
  if (isZero(b) && isPointer(a)) return a;
  if (a.kind === "map" && b.kind === "map") return oneOf(a, b);
  return isPointer(a) && isSameBase(a, b) ? moved(a, Number.NaN) : undefined;
}

/** More are no longer told apart. */
const mostMaps = 8;

function oneOf(a: Value, b: Value): Value | undefined {
  const names = new Set([...mapNames(a), ...mapNames(b)]);
  return names.size <= mostMaps ? map([...names].sort().join("\n")) : undefined;
}

/** The maps that a value may be; none when it is no map. */
export function mapNames(value: Value | undefined): string[] {
  return value?.kind === "map" ? value.name.split("\n") : [];
}

function isZero({ kind, offset }: Value): boolean {
  return kind === "constant" && offset === 0;
}

/** So many bytes further. */
export function moved(value: Value, bytes: number): Value {
  return bytes === 0 ? value : make(value.kind, value.name, value.at, value.offset + bytes);
}
