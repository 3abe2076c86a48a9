import type { OwnPosition, PeerPosition } from "./position.ts";
import { positionFault } from "./ring-faults.ts";

/** The producer's position as a consumer may believe it: at most the ring's size ahead, and on a boundary. */
export class ProducedPosition {
  readonly #own: OwnPosition;
  readonly #peer: PeerPosition;
  readonly #size: number;
  readonly #fail: (fault: string) => Error;

  constructor(own: OwnPosition, peer: PeerPosition, size: number, fail: (fault: string) => Error) {
    this.#own = own;
    this.#peer = peer;
    this.#size = size;
    this.#fail = fail;
  }

  /** Its low word, seen from the consumer's position. Throws what `fail` makes of an impossible one. */
  load(position: number): number {
    const produced = this.#peer.low();
    const sane =
      ((produced | position) & 7) === 0 &&
      (produced - position) >>> 0 <= this.#size &&
      this.#peer.high() === this.#own.highOf(produced);
    return sane ? produced : this.#examine(position);
  }

  /** Exactly, with BigInt: either the positions are impossible, or the producer passed 2^32 between two loads. */
  #examine(position: number): number {
    const produced = this.#peer.exact();
    const fault = positionFault(this.#own.exactOf(position), produced, this.#size);
    if (fault !== undefined) throw this.#fail(fault);
    return Number(BigInt.asIntN(32, produced));
  }
}
