import { BtfBuilder } from "../../btf/btf-builder.ts";
import { makePlan } from "../../btf/codec/make-plan.ts";
import { hasValue } from "../../btf/layout.ts";
import { parseBtfInPlace, stringsOf } from "../../btf/parse-btf.ts";
import type { Btf, NewBtfType } from "../../btf/types.ts";
import { mendBtf } from "../../btf/validate-btf.ts";
import { EbpfError } from "../../base/errors.ts";
import type { BtfMaker, Dwarf } from "../../dwarf/index.ts";
import type { Candidate } from "./candidates.ts";

/**
 * One table for types of both kinds: that of the object, with the same ids, and behind it what is in DWARF alone. Without anything new it is
 * the object's own.
 */
export class TypeTables {
  readonly #own: Btf | undefined;
  readonly #builder: BtfBuilder;
  readonly #maker: BtfMaker | undefined;
  readonly #dwarf: Dwarf | undefined;
  #btf: Btf | undefined;

  constructor(own: Btf | undefined, dwarf: Dwarf | undefined) {
    this.#own = own;
    this.#dwarf = dwarf;
    this.#builder = own === undefined ? new BtfBuilder() : new BtfBuilder(stringsOf(own));
    for (let id = 1; id < (own?.length ?? 1); id++) this.#builder.add(copyOf(own!, id));
    this.#maker = dwarf?.btfMaker(this.#builder, own);
  }

  /** The id of a type; undefined when it has no form in BTF. */
  add({ table, type }: Candidate): number | undefined {
    if (table === "btf") return type;
    try {
      return this.#maker?.add(type);
    } catch (error) {
      if (error instanceof EbpfError) return undefined;
      throw error;
    }
  }

  /** All that was added so far. */
  finish(): Btf | undefined {
    if (this.#builder.nextId === (this.#own?.length ?? 1)) return this.#own;
    this.#btf = parseBtfInPlace(this.#builder.bytes());
    mendBtf(this.#btf);
    return this.#btf;
  }

  /** Whether a type came through whole, and values of it can be read: those of a number that nobody knows, as of a float of one byte, cannot. */
  isSound(btf: Btf, id: number, { table, type }: Candidate): boolean {
    if (!hasValue(btf, id) || !isReadable(btf, id)) return false;
    return table === "btf" || btf.sizeOf(id) === this.#dwarf?.types.sizeOf(type);
  }
}

function isReadable(btf: Btf, id: number): boolean {
  try {
    makePlan(btf, id);
    return true;
  } catch (error) {
    if (error instanceof EbpfError) return false;
    throw error;
  }
}

/** Of what cannot be read, or was left out, only that there is something remains, for ids must stay. */
function copyOf(btf: Btf, id: number): NewBtfType {
  const type = btf.type(id);
  if (type.kind === "void" || type.kind === "unknown") return { kind: "fwd", name: "unknown", of: "struct" };
  return type;
}
