/**
 * Whether a name is what a pattern says: `*` stands for any letters, also none, `?` for one. Where a letter does not fit, the last `*` takes
 * one letter more: that takes as many steps as the product of both lengths at most, whatever the pattern.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  let [at, letter] = [0, 0];
  let star = -1;
  let taken = 0;
  while (letter < name.length) {
    if (pattern[at] === "*") {
      star = at;
      taken = letter;
      at += 1;
    } else if (pattern[at] === "?" || pattern[at] === name[letter]) {
      at += 1;
      letter += 1;
    } else if (star >= 0) {
      at = star + 1;
      taken += 1;
      letter = taken;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}

/** Whether a pattern can stand for several names. */
export function isGlob(pattern: string): boolean {
  return /[*?]/.test(pattern);
}
