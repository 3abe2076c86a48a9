import type { MachineMapImage } from "../image.ts";

/*
 * The maps that were made after load, where every thread of the machine finds them: slots of 128 bytes, in 32-bit words.
 *
 *    0  state      8 * generation + phase
 *    1  left       the epoch in which it was withdrawn (shared-state.ts)
 *    2  type, 3 key size, 4 value size, 5 max_entries, 6 map_flags, 7 whether it is constant
 *    8  address and 9 bytes of the values, 10 address and 11 bytes of the bookkeeping; 0 where there are none
 *   12  map_extra
 *   13  name       UTF-8, ended by a NUL where it is shorter than 76 bytes
 *
 * A map's id is its slot and its generation, so that the id of one that is gone finds nothing, whoever has the slot now. A thread
 * that ends while it makes or clears a map leaves the slot taken.
 */
const slotBytes = 128;
const slotWords = slotBytes / 4;
const slotCount = 4096;
const generations = 2 ** 18;
const leftWord = 1;
const firstField = 2;
const nameByte = 52;
const fieldCount = 11;
type Fields = [number, number, number, number, number, number, number, number, number, number, number];

const Phase = { free: 0, making: 1, there: 2, withdrawn: 3, leaving: 4, clearing: 5 } as const;
type Phase = (typeof Phase)[keyof typeof Phase];
const phaseBits = 3;
const phaseMask = (1 << phaseBits) - 1;

export const directoryBytes: number = slotBytes * slotCount;

/** A map, and how much memory it takes. */
export interface FiledMap {
  readonly image: MachineMapImage;
  readonly valueBytes: number;
  readonly stateBytes: number;
}

export class MapDirectory {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;

  static slotOf(id: number): number {
    return id % slotCount;
  }

  constructor(memory: ArrayBufferLike, address: number) {
    this.#words = new Int32Array(memory, address, directoryBytes / 4);
    this.#bytes = new Uint8Array(memory, address, directoryBytes);
  }

  /** A slot for a map that is to be made: {@link file} it, or {@link clear} the slot. -1 when all are taken. */
  take(): number {
    for (let slot = 0; slot < slotCount; slot += 1) {
      const state = this.#state(slot);
      if ((state & phaseMask) === Phase.free && this.#move(slot, state, Phase.making)) return slot;
    }
    return -1;
  }

  /** Makes the map known to all threads; its id. */
  file(slot: number, { image, valueBytes, stateBytes }: FiledMap): number {
    const { type, keySize, valueSize, maxEntries, flags, readOnly } = image;
    const fields = [type, keySize, valueSize, maxEntries, flags, readOnly ? 1 : 0];
    const places = [image.address, valueBytes, image.state, stateBytes];
    this.#words.set([...fields, ...places, image.extra], slot * slotWords + firstField);
    const name = this.#bytes.subarray(slot * slotBytes + nameByte, (slot + 1) * slotBytes);
    name.fill(0);
    name.set(new TextEncoder().encode(image.name).subarray(0, name.length));
    const state = this.#state(slot);
    // Pairs with the load in has(): who sees the map there sees what it is, and its memory zeroed and mapped.
    this.#move(slot, state, Phase.there);
    return slot + slotCount * (state >>> phaseBits);
  }

  /** What an id names; undefined when that is not there, or no more. */
  find(id: number): MachineMapImage | undefined {
    if (!this.has(id)) return undefined;
    const { image } = this.read(MapDirectory.slotOf(id));
    // Outside of a run it may have been replaced meanwhile. An exchange with itself, since what was read before cannot pass a store.
    return this.#move(MapDirectory.slotOf(id), stateThere(id), Phase.there) ? image : undefined;
  }

  has(id: number): boolean {
    return this.#state(MapDirectory.slotOf(id)) === stateThere(id);
  }

  /** What stands in a slot that is taken. */
  read(slot: number): FiledMap {
    const start = slot * slotWords + firstField;
    const [type, keySize, valueSize, maxEntries, flags, readOnly, address, valueBytes, state, stateBytes, extra] =
      Array.from(this.#words.subarray(start, start + fieldCount), (word) => word >>> 0) as Fields;
    const sizes = { type, keySize, valueSize, maxEntries };
    const image = { name: this.nameAt(slot), ...sizes, flags, extra, readOnly: readOnly !== 0, address, state };
    return { image, valueBytes, stateBytes };
  }

  nameAt(slot: number): string {
    const name = this.#bytes.slice(slot * slotBytes + nameByte, (slot + 1) * slotBytes);
    const end = name.indexOf(0);
    return new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
  }

  /** From now on nobody finds the map; false when somebody else withdrew it first. Then {@link leave} says when that was. */
  withdraw(id: number): boolean {
    return this.has(id) && this.#move(MapDirectory.slotOf(id), stateThere(id), Phase.withdrawn);
  }

  leave(slot: number, epoch: number): void {
    this.#words[slot * slotWords + leftWord] = epoch;
    // Pairs with claimLeft(): who sees it leave sees since when.
    this.#move(slot, this.#state(slot), Phase.leaving);
  }

  /** The slots of maps that left before, each given to one caller, who clears it. */
  *claimLeft(isOver: (epoch: number) => boolean): Generator<number> {
    for (let slot = 0; slot < slotCount; slot += 1) {
      const state = this.#state(slot);
      if ((state & phaseMask) !== Phase.leaving || !isOver(this.#words[slot * slotWords + leftWord]!)) continue;
      if (this.#move(slot, state, Phase.clearing)) yield slot;
    }
  }

  /** Gives a slot back that is being made or cleared. */
  clear(slot: number): void {
    Atomics.store(this.#words, slot * slotWords, (((this.#state(slot) >>> phaseBits) + 1) % generations) << phaseBits);
  }

  #state(slot: number): number {
    return Atomics.load(this.#words, slot * slotWords);
  }

  /** From exactly that state, generation included: a slot may have been used again since it was looked at. */
  #move(slot: number, state: number, phase: Phase): boolean {
    const moved = (state & ~phaseMask) | phase;
    return Atomics.compareExchange(this.#words, slot * slotWords, state, moved) === state;
  }
}

/** The state of a slot that holds the map of that id. */
function stateThere(id: number): number {
  return Math.floor(id / slotCount) * (1 << phaseBits) + Phase.there;
}
