/** The name that was probably meant; undefined where none is near. There may be very many: the functions of a kernel. */
export function nearName(name: string, names: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of names) {
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const steps = distance(wanted, candidate.toLowerCase(), least);
    if (steps >= least) continue;
    best = candidate;
    least = steps;
  }
  return best;
}

/** What an object has in place of a name that it does not have, for errors: all names, and the one that was probably meant. */
export function namesInstead(name: string, names: readonly string[]): string {
  const near = nearName(name, names);
  return `the object has ${names.join(", ") || "none"}${near === undefined ? "" : `, did you mean ${near}?`}`;
}

/** Letters to add, leave out or replace (Levenshtein); `most` where it is that many or more. */
function distance(from: string, to: string, most: number): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let i = 0; i < from.length; i += 1) {
    const next = [i + 1];
    let nearest = i + 1;
    for (let j = 0; j < to.length; j += 1) {
      const replaced = row[j]! + (from[i] === to[j] ? 0 : 1);
      const steps = Math.min(replaced, row[j + 1]! + 1, next[j]! + 1);
      next.push(steps);
      nearest = Math.min(nearest, steps);
    }
    if (nearest >= most) return most;
    row = next;
  }
  return row[to.length]!;
}
