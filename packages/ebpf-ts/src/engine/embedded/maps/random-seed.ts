/** What a hash begins with, so that nobody can prepare values for it; never 0. */
export function randomSeed(): number {
  return 1 + Math.floor(Math.random() * 0x7fff_ffff);
}
