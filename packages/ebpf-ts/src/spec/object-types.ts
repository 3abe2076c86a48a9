import type { Btf } from "../btf/types.ts";
import { BtfBuilder } from "../btf/btf-builder.ts";
import { parseBtfInPlace } from "../btf/parse-btf.ts";
import { parse } from "./parse.ts";
import { readDebug } from "./debug/read-debug.ts";
import { TypeTables } from "./records/type-table.ts";

/**
 * All types with a name of an object, those that stand in its debug information alone among them: a header that is compiled with
 * `-fno-eliminate-unused-debug-types` tells all of its structs. Throws `EbpfError` as {@link parse} does.
 */
export function objectTypes(object: Uint8Array): Btf {
  const spec = parse(object);
  readDebug(spec);
  const { btf, debug } = spec;
  const all = debug?.tryRead((dwarf) => {
    const tables = new TypeTables(btf, dwarf);
    for (const type of dwarf.types.allNamed()) tables.add({ table: "dwarf", type, by: "spec", certainty: "exact" });
    return tables.finish();
  });
  return all ?? btf ?? parseBtfInPlace(new BtfBuilder().bytes());
}
