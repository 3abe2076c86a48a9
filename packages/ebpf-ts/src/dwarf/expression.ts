import { Operator } from "./constants.ts";
import type { Cursor } from "./cursor.ts";
import { FRAME_REGISTER } from "./frame-register.ts";

/** Where a variable is. */
export interface Place {
  /**
   * - register: the variable is in the register;
   * - memory: it begins in memory, at the register's value plus `offset`;
   * - value: it is nowhere, and has the value of the register plus `offset`.
   */
  readonly kind: "register" | "memory" | "value";
  readonly register: number;
  readonly offset: number;
}

/**
 * Evaluates what compilers write for variables in registers and in memory. Undefined for all else: constants, what was on entry, what needs
 * memory to be read. Of a variable in pieces it is where the variable would begin, by the first piece that is in memory.
 */
export function evaluate(expression: Cursor): Place | undefined {
  let place: Place | undefined;
  let before = 0;
  while (expression.at < expression.end) {
    const operator = expression.u8();
    if (operator === Operator.PIECE) {
      if (place?.kind === "memory") return { ...place, offset: place.offset - before };
      before += expression.uleb();
      place = undefined;
    } else if (operator >= Operator.REG0 && operator <= Operator.REG31) {
      place = { kind: "register", register: operator - Operator.REG0, offset: 0 };
    } else if (operator >= Operator.BREG0 && operator <= Operator.BREG31) {
      place = { kind: "memory", register: operator - Operator.BREG0, offset: expression.sleb() };
    } else if (operator === Operator.FBREG) {
      place = { kind: "memory", register: FRAME_REGISTER, offset: expression.sleb() };
    } else if (operator === Operator.PLUS_UCONST && place?.kind === "memory") {
      place = { ...place, offset: place.offset + expression.uleb() };
    } else if (operator === Operator.STACK_VALUE) {
      if (place !== undefined) place = { ...place, kind: "value" };
    } else if (passConstant(operator, expression)) {
      place = undefined;
    } else {
      return undefined;
    }
  }
  return before === 0 ? place : undefined;
}

/** A piece of a variable may be a constant. */
function passConstant(operator: number, expression: Cursor): boolean {
  if (operator >= Operator.LIT0 && operator <= Operator.LIT31) return true;
  if (operator === Operator.CONSTU || operator === Operator.CONSTS) {
    expression.uleb();
    return true;
  }
  if (operator < Operator.CONST1U || operator > Operator.CONST8S) return false;
  expression.skip(1 << ((operator - Operator.CONST1U) >> 1));
  return true;
}
