import { EbpfError, numberOf, reword, ValueError } from "../../base/errors.ts";
import { showKey } from "./show-key.ts";

/** What was done with the entries before the one that failed. */
export interface DoneBefore {
  readonly count: number;
  /** "set", "deleted". */
  readonly what: string;
}

/** Errors of a map that say which entry it was: by its key, and of many also by its place among those that were given. */
export class EntryErrors {
  readonly #map: string;

  constructor(map: string) {
    this.#map = map;
  }

  where(key: unknown, index: number | undefined): string {
    return `key ${showKey(key)} of map ${this.#map}${numberOf(index)}`;
  }

  /** Encodes a key or a value; what does not fit is a {@link ValueError} with the place of the entry. */
  fitting(key: unknown, index: number | undefined, action: string, encode: () => Uint8Array): Uint8Array {
    try {
      return encode();
    } catch (error) {
      if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
      throw new ValueError(`Cannot ${action} ${this.where(key, index)}`, { map: this.#map, key, index }, error);
    }
  }

  /** Throws what the map itself refuses of many, of the same kind and code: it knows the entry by its bytes, or by what was to stand there. */
  refused(error: unknown, action: string, key: unknown, index: number, done?: DoneBefore): never {
    if (error instanceof EbpfError || error instanceof TypeError) {
      const where = this.where(key, index);
      const what = error.message.includes(where) ? error.message : `Cannot ${action} ${where}: ${error.message}`;
      reword(error, `${what}${saidBefore(done)}`);
    }
    throw error;
  }
}

function saidBefore(done: DoneBefore | undefined): string {
  if (done === undefined || done.count === 0) return "";
  return ` (${done.count} before it ${done.count === 1 ? "was" : "were"} ${done.what})`;
}
