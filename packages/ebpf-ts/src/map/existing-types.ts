import type { Btf } from "../btf/types.ts";
import type { MapInfo } from "../engine/map.ts";
import { EbpfError } from "../base/errors.ts";
import { mapKind } from "../kinds/map-kinds.ts";
import { entryOf } from "../spec/entries/entry-of.ts";
import { recordOf } from "../spec/records/record-of.ts";
import type { CollectionSpec } from "../spec/types.ts";
import type { PerfRingOptions } from "./perf/perf-options.ts";

/** What the keys, values and records of a map that exists already are; by default, what the kernel keeps with the map. */
export interface ExistingTypes {
  /** The object that the map's programs were compiled to (`parse`), or its BTF. A map of the same name there has its types. */
  readonly types?: CollectionSpec | Btf | undefined;
  /** Names of a struct or typedef there, or else in what the kernel keeps with the map. */
  readonly key?: string | undefined;
  readonly value?: string | undefined;
  /** For the kinds of ring. Of rings the kernel keeps no types. */
  readonly record?: string | undefined;
  /** For a perf event array: how the rings are made that it gets, one per CPU. */
  readonly perf?: PerfRingOptions | undefined;
}

/** Ids in the BTF; 0 where a type is not known. */
export interface MapTypes {
  readonly btf: Btf | undefined;
  readonly key: number;
  readonly value: number;
  readonly record: number;
}

/** The kernel keeps so many characters of a name. */
const nameLength = 15;

/** Finds the types by the names that are given, by the map's name in the object, or as the kernel has them, in this order. */
export function findMapTypes(info: MapInfo, options: ExistingTypes, kernel: MapTypes | undefined): MapTypes {
  const known = typesIn(info, options.types) ?? kernel ?? { btf: undefined, key: 0, value: 0, record: 0 };
  const named = (name: string | undefined, what: string, otherwise: number): number =>
    name === undefined ? otherwise : idOf(known.btf, name, `Cannot open map ${info.name} with ${what} of type ${name}`);
  return {
    btf: known.btf,
    key: named(options.key, "keys", known.key),
    value: named(options.value, "values", known.value),
    record: named(options.record, "records", known.record),
  };
}

function typesIn({ name, type }: MapInfo, types: CollectionSpec | Btf | undefined): MapTypes | undefined {
  if (types === undefined) return undefined;
  if (!("maps" in types)) return { btf: types, key: 0, value: 0, record: 0 };
  const map = types.maps.find(
    (each) => each.type === type && (each.name === name || each.name.slice(0, nameLength) === name),
  );
  if (map === undefined) return { btf: types.btf, key: 0, value: 0, record: 0 };
  // Each table has the object's own types with the same ids, and no map has both records and entries of its own.
  if (mapKind(map.type).ring === undefined) {
    const { btf, key, value } = entryOf(types, map);
    return { btf, key: key.type, value: value.type, record: 0 };
  }
  const { btf, variants } = recordOf(types, map);
  const record = variants.length === 1 ? variants[0]!.type : 0;
  return { btf: btf ?? types.btf, key: map.keyType, value: map.valueType, record };
}

function idOf(btf: Btf | undefined, name: string, cannot: string): number {
  if (btf === undefined) {
    throw new EbpfError(
      "NOT_FOUND",
      `${cannot}: neither the option types nor the kernel has any types for it, give the object in types`,
    );
  }
  const found = btf
    .find(name.replace(/^(struct|union|enum) /, ""))
    .find(({ kind }) => kind !== "fwd" && kind !== "func" && kind !== "var" && kind !== "datasec");
  if (found === undefined) throw new EbpfError("NOT_FOUND", `${cannot}: there is no such type in its BTF`);
  return found.id;
}
