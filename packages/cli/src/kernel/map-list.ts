import { findMap, type LoadedMap, maps } from "ebpf-ts/kernel";
import { MapFlag } from "ebpf-ts/spec";
import { bytesText, type Facts, type ListColumn, present, printFacts, printJson, printList } from "./listing.ts";
import { Owners } from "./owners.ts";
import type { FactsOptions } from "./program-list.ts";
import { wanted } from "./wanted.ts";

/** `ebpf map list` */
export function listMaps({ json }: FactsOptions): void {
  const all = [...maps()];
  const owners = new Owners("map");
  if (json === true) {
    printJson(
      all.map((map) => factsOf(map, owners)),
      false,
    );
  } else {
    printList(all, columns(owners), "No map is in the kernel.");
  }
}

/** `ebpf map show` */
export function showMap(name: string, { json }: FactsOptions): void {
  const found = wanted("map", name, findMap);
  const owners = new Owners("map");
  if (json === true) {
    printJson(
      found.map((map) => factsOf(map, owners)),
      true,
    );
    return;
  }
  for (const map of found) {
    printFacts(`${map.id} ${map.name}`, [
      ["type", map.typeName],
      ["key", `${map.keySize} bytes`],
      ["value", `${map.valueSize} bytes`],
      ["entries", `at most ${map.maxEntries}`],
      ["flags", flagsText(map.flags)],
      ["extra", map.mapExtra === 0n ? "" : `0x${map.mapExtra.toString(16)}`],
      ["memory", bytesText(map.memory)],
      ["frozen", map.frozen ? "yes: user space writes no more" : ""],
      ["types", map.btf === 0 ? "" : `BTF ${map.btf}, key ${map.keyType}, value ${map.valueType}`],
      ["interface", map.interface === 0 ? "" : map.interface],
      ["held by", owners.textOf(map.id)],
    ]);
  }
}

function columns(owners: Owners): ListColumn<LoadedMap>[] {
  return [
    { title: "ID", right: true, textOf: ({ id }) => id },
    { title: "TYPE", textOf: ({ typeName }) => typeName },
    { title: "NAME", textOf: ({ name }) => name },
    { title: "KEY", right: true, textOf: ({ keySize }) => keySize },
    { title: "VALUE", right: true, textOf: ({ valueSize }) => valueSize },
    { title: "ENTRIES", right: true, textOf: ({ maxEntries }) => maxEntries },
    { title: "MEMORY", right: true, textOf: ({ memory }) => bytesText(memory) },
    { title: "HELD BY", textOf: ({ id }) => owners.textOf(id) },
  ];
}

/** Numbers of bits that the uapi has names for. */
function flagsText(flags: number): string {
  const names = Object.entries(MapFlag).filter(([, bit]) => (flags & bit) !== 0);
  const rest = names.reduce((left: number, [, bit]) => left & ~bit, flags);
  return [...names.map(([name]) => `BPF_F_${name}`), ...(rest === 0 ? [] : [`0x${(rest >>> 0).toString(16)}`])].join(
    " ",
  );
}

/** By bpftool's names. */
function factsOf(map: LoadedMap, owners: Owners): Facts {
  return present({
    id: map.id,
    type: map.typeName,
    name: map.name === "" ? undefined : map.name,
    flags: map.flags,
    bytes_key: map.keySize,
    bytes_value: map.valueSize,
    max_entries: map.maxEntries,
    bytes_memlock: map.memory,
    owner_prog_type: map.owner?.programTypeName,
    owner_jited: map.owner?.jited,
    frozen: Number(map.frozen),
    btf_id: map.btf > 0 ? map.btf : undefined,
    ...owners.factsOf(map.id),
  });
}
