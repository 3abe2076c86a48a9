/** The first line that a kernel says of an exception: `int3: 0000 [#1] PREEMPT SMP NOPTI`. */
const exception = /^(?:\[[ .\d]+\] )?([^:\n]+(?:: [^:\n]+)?: [0-9a-f]{4} \[#1\].*)/m;
/** Where it was. */
const place = /(RIP: [0-9a-f]{4}:.*)/;

/** Whether a kernel's words tell of an exception of its own, not of something that it misses. */
export const hasException = (console: string): boolean => exception.test(console);

/** Why a kernel gave up, by its own words; undefined where it did not. */
export function panicIn(console: string): string | undefined {
  const panic = /Kernel panic - not syncing: (.*)/.exec(console)?.[1];
  if (panic === undefined) return undefined;
  const words = [panic, ...[exception, place].map((each) => each.exec(console)?.[1])];
  return words.flatMap((each) => each?.trim() ?? []).join(", ");
}
