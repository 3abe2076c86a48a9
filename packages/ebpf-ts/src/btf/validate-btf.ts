import { EbpfError } from "../base/errors.ts";
import { aBtf } from "./checks/a-btf.ts";
import { BtfTable } from "./btf-table.ts";
import { parseBtf } from "./parse-btf.ts";
import { findFaults } from "./find-faults.ts";
import type { Btf, BtfType } from "./types.ts";

/** What is wrong with a type: the kernel would refuse the table for it. */
export interface BtfFinding {
  readonly type: number;
  /** One sentence, with the type's name. */
  readonly message: string;
}

/**
 * Checks a table that came from elsewhere, as the kernel would: throws `EbpfError` BAD_BTF for the first thing that it refuses. Types
 * of kinds that were invented later are let pass.
 */
export function validateBtf(btf: Btf): void {
  aBtf(btf, "The types of validateBtf()");
  findFaults(btf, (type, what, depth) => {
    if (depth !== "skip") throw new EbpfError("BAD_BTF", describe(type, what));
  });
}

/**
 * Makes a table that came from elsewhere safe to walk, and says what is wrong with it. Types that cannot be relied on become
 * `unknown` ones; of others what is sound stays: a struct with a member that has no type is read without that member.
 */
export function mendBtf(btf: Btf): BtfFinding[] {
  if (!(btf instanceof BtfTable)) throw new TypeError("The BTF to mend must come from parseBtf");
  const findings = new Map<string, BtfFinding>();
  const gone = new Set<number>();
  // What refers to a type that was left out may have to go as well: a prototype, its function, the section that holds that.
  for (let before = -1; before !== gone.size;) {
    before = gone.size;
    findFaults(btf, (type, what, depth) => {
      if (gone.has(type.id)) return;
      const message = describe(type, what) + (depth === "all" ? "; it is left out" : "");
      findings.set(message, { type: type.id, message });
      if (depth !== "all") return;
      btf.hide(type.id);
      gone.add(type.id);
    });
  }
  return [...findings.values()];
}

/** The bytes of a table that was mended elsewhere, read the same way. */
export function reopenBtf(bytes: Uint8Array): Btf {
  const btf = parseBtf(bytes);
  mendBtf(btf);
  return btf;
}

function describe(type: BtfType, what: string): string {
  const name = "name" in type && type.name !== "" ? ` ${type.name.slice(0, 64)}` : "";
  return `BTF type ${type.id} (${type.kind}${name}) ${what}`;
}
