/** A small generator of random numbers (mulberry32), so that a failing input can be made again from its seed. */
export function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const INTERESTING = [0, 1, 7, 8, 0x7f, 0x80, 0xff, 0xffff, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

/** A copy with a few bytes changed: single bits, whole bytes, 32-bit numbers at the edges of ranges, moved pieces, or the end cut off. */
export function mutate(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  let mutant: Uint8Array = new Uint8Array(bytes);
  for (let times = 1 + random(6); times > 0; times--) mutant = mutateOnce(mutant, random);
  return mutant;
}

function mutateOnce(bytes: Uint8Array, random: (below: number) => number): Uint8Array {
  if (bytes.length < 8) return bytes;
  const at = random(bytes.length - 4);
  const view = new DataView(bytes.buffer);
  switch (random(10)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      bytes.copyWithin(at, random(bytes.length), random(bytes.length));
      return bytes;
    case 2:
    case 3:
    case 4:
      view.setUint32(at & ~3, INTERESTING[random(INTERESTING.length)] ?? 0, true);
      return bytes;
    case 5:
      view.setUint32(at & ~3, random(bytes.length), true);
      return bytes;
    case 6:
    case 7:
      bytes[at] = random(256);
      return bytes;
    default:
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
      return bytes;
  }
}
