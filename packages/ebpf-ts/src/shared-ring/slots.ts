import { EbpfError } from "../base/errors.ts";
import { pid } from "../host/this-process.ts";
import { isByteLocked, tryLockByte } from "../sys/futex/file-lock.ts";
import { checkCall } from "./file-error.ts";
import { consumerByte, slotCount, Word } from "./layout.ts";

const slotBits = 9;
const slotMask = (1 << slotBits) - 1;
const generationMask = 0x3f_ffff;
/** Of a token; the sign bit of a lock word is free for another use. */
export const tokenMask = 0x7fff_ffff;

/**
 * Who produces. A producer owns a slot as long as it has the byte of that number locked, through a description of the file
 * that is its own: the kernel unlocks it when the producer's process dies, so that whether an owner lives is known exactly, whatever
 * its process id, and in whatever namespace it ran.
 *
 * Its token (slot + 1, and how often the slot was taken) stands in every record that it reserves and in the lock it holds. A
 * token of an earlier generation is of somebody gone.
 */
export class Slots {
  readonly #name: string;
  readonly #words: Int32Array;
  readonly #fd: number;

  /** `fd` is a description on which nothing is locked, since one does not see its own locks. */
  constructor(name: string, words: Int32Array, fd: number) {
    this.#name = name;
    this.#words = words;
    this.#fd = fd;
  }

  /** Takes a free slot for as long as `fd` is open; gives the token. */
  claim(fd: number): number {
    for (let slot = 0; slot < slotCount; slot += 1) {
      if (!this.#tryLock(fd, slot)) continue;
      const generation = Atomics.add(this.#words, Word.generations + slot, 1) + 1;
      Atomics.store(this.#words, Word.processes + slot, pid);
      return ((generation & generationMask) << slotBits) | (slot + 1);
    }
    throw new EbpfError(
      "BUSY",
      `Cannot produce into shared ring ${this.#name}: it has ${slotCount} producers already, close one`,
    );
  }

  /** Makes the user of `fd` the one consumer. */
  claimConsumer(fd: number): void {
    if (!this.#tryLock(fd, consumerByte)) {
      const holder = Atomics.load(this.#words, Word.consumerProcess);
      throw new EbpfError(
        "BUSY",
        `Cannot read shared ring ${this.#name}: it has a consumer already, in process ${holder}`,
      );
    }
    Atomics.store(this.#words, Word.consumerProcess, pid);
  }

  /** Whoever takes a slot locks it first and counts its generation after, so that in doubt the answer is yes. */
  isAlive(token: number): boolean {
    const slot = (token & slotMask) - 1;
    if (slot < 0 || slot >= slotCount) return false;
    const generation = Atomics.load(this.#words, Word.generations + slot) & generationMask;
    if (generation !== (token & tokenMask) >>> slotBits) return false;
    return checkCall(isByteLocked(this.#fd, slot), `look after shared ring ${this.#name}`, "fcntl") === 1;
  }

  /** For messages: the id that the owner's process has in its own namespace. */
  processOf(token: number): number {
    return Atomics.load(this.#words, Word.processes + (((token & slotMask) - 1) & (slotCount - 1)));
  }

  #tryLock(fd: number, byte: number): boolean {
    return checkCall(tryLockByte(fd, byte), `lock a byte of shared ring ${this.#name}`, "fcntl") === 1;
  }
}
