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

/** Whether such work has had its share of this turn, or others wait. Who is told that it has not begins at once, before anybody else can ask. */
export function turnIsSpent(): boolean {
  return waiting.length > 0 || shareIsSpent();
}

function shareIsSpent(): boolean {
  if (began === undefined) {
    began = performance.now();
    yieldTurn(() => (began = undefined));
  }
  return performance.now() - began >= share;
}

/** Waits for a turn that has time left. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (waiting.push(resolve) === 1) yieldTurn(letOneGo);
  });
}

/** One a callback: what follows its promise runs before the next. */
function letOneGo(): void {
  if (!shareIsSpent()) waiting.shift()?.();
  if (waiting.length > 0) yieldTurn(letOneGo);
}

/** Does it in slices. */
export async function inSlices<T>(work: Sliced<T>): Promise<T> {
  for (;;) {
    if (turnIsSpent()) await nextTurn();
    const step = work.next();
    if (step.done === true) return step.value;
  }
}

/** Does it at once. */
export function atOnce<T>(work: Sliced<T>): T {
  for (;;) {
    const step = work.next();
    if (step.done === true) return step.value;
  }
}
