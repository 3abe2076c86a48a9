import { yieldTurn } from "./yield-turn.ts";

/** Work that takes long: it stops wherever the event loop may take its turn, and goes on when it is asked to. */
export type Sliced<T> = Generator<void, T, void>;

/**
 * How long a turn of the event loop may be kept from its end by all such work of a thread, in milliseconds: the slice in which that time
 * runs out goes on to its end.
 */
const share = 4;

/** When the first such work of this turn began. */
let began: number | undefined;

/** Who waits for a turn, in the order in which they came. */
const waiting: (() => void)[] = [];

/** So many of them go on in a turn, at the most: the share does not count what follows the system calls that they make. */
const mostInTurn = 8;

/** Each lets one go in the next turn: as many as wait, and no more than `mostInTurn`. */
let callbacks = 0;

/**
 * Whether who comes now has to wait: such work has had its share of this turn, or others wait. Who is told no begins at once, before
 * anybody else can ask.
 */
export function turnIsSpent(): boolean {
  return waiting.length > 0 || shareIsSpent();
}

/** The first who asks in a turn has time, however the clock jumps. */
function shareIsSpent(): boolean {
  if (began !== undefined) return performance.now() - began >= share;
  began = performance.now();
  yieldTurn(() => (began = undefined));
  return false;
}

/** Waits for a turn that has time left. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve);
    callAgain();
  });
}

function callAgain(): void {
  if (callbacks >= Math.min(waiting.length, mostInTurn)) return;
  callbacks += 1;
  yieldTurn(letOneGo);
}

/** What follows its promise runs before the next callback of this turn. */
function letOneGo(): void {
  callbacks -= 1;
  if (!shareIsSpent()) waiting.shift()?.();
  callAgain();
}

/** Does it in slices: once begun, it goes on until the share is spent, and then waits behind the others. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  if (turnIsSpent()) await nextTurn();
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
    if (shareIsSpent()) await nextTurn();
  }
}

/** Does it at once. */
export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
