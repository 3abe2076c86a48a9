import { EbpfError } from "../base/errors.ts";

/** What is wrong with debug information: no reason to refuse an object, for nothing that runs needs it. */
export function badDwarf(what: string): EbpfError {
  return new EbpfError("BAD_OBJECT", `The object's DWARF is broken: ${what}`);
}

/**
 * Steps that may be taken with the debug information of one object. Entries of DWARF can claim any amount of work with few bytes
 * (attributes that take none, units that share a table): honest ones need a few steps a byte.
 */
export class Budget {
  #left: number;

  constructor(bytes: number) {
    this.#left = 100_000 + 16 * bytes;
  }

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw badDwarf("it claims far more work than its size allows");
  }
}
