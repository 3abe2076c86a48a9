import { integer } from "../../base/checks.ts";
import { objectInfo } from "../../engine/kernel/object-info.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { BpfMapInfo } from "../../uapi/structs.gen.ts";
import { mapTypeName } from "../../uapi/type-names.ts";
import { descriptorFacts, type MapOwner } from "./descriptor-facts.ts";
import { allOf, readOne } from "./family.ts";

/** A map that is in the kernel (`struct bpf_map_info`). `openById` of `ebpf-ts` opens it. */
export interface LoadedMap {
  readonly id: number;
  /** BPF_MAP_TYPE_* */
  readonly type: number;
  /** `percpu_hash` for BPF_MAP_TYPE_PERCPU_HASH. */
  readonly typeName: string;
  /** Its first 15 bytes. */
  readonly name: string;
  /** Bytes. */
  readonly keySize: number;
  /** Bytes; of one CPU. */
  readonly valueSize: number;
  readonly maxEntries: number;
  /** BPF_F_* of its creation. */
  readonly flags: number;
  /** Depends on the type: hash functions of a bloom filter, the address of an arena (Linux 5.16). */
  readonly mapExtra: bigint;
  /** Bytes of memory. */
  readonly memory: number;
  /** User space writes no more (BPF_MAP_FREEZE). */
  readonly frozen: boolean;
  /** Of a map of programs: what they are like, once one of them has used it. */
  readonly owner: MapOwner | undefined;
  /** Id of its types; 0 for none. */
  readonly btf: number;
  /** Of the key and the value in them. */
  readonly keyType: number;
  readonly valueType: number;
  /** Id of the interface that it is offloaded to; 0 for none. */
  readonly interface: number;
}

/** Maps that are in the kernel, in the order of their ids (BPF_MAP_GET_NEXT_ID, Linux 4.13). NO_PRIVILEGE without CAP_SYS_ADMIN. */
export function maps(): Iterable<LoadedMap> {
  return mapsOf(linuxSys());
}

/** One of them; undefined where there is none of that id. */
export function findMap(id: number): LoadedMap | undefined {
  integer(0, 0xffff_ffff)(id, "The id of findMap()");
  const sys = linuxSys();
  return readOne(sys, "map", id, (descriptor) => readMap(sys, descriptor));
}

/** @internal */
export function mapsOf(sys: Sys): Iterable<LoadedMap> {
  return allOf(sys, "map", (descriptor) => readMap(sys, descriptor));
}

function readMap(sys: Sys, descriptor: Descriptor): LoadedMap {
  const info = objectInfo(sys, descriptor, BpfMapInfo, "a map's properties");
  return {
    id: info.id,
    type: info.type,
    typeName: mapTypeName(info.type),
    name: info.name,
    keySize: info.key_size,
    valueSize: info.value_size,
    maxEntries: info.max_entries,
    flags: info.map_flags,
    mapExtra: info.map_extra,
    ...descriptorFacts(descriptor),
    btf: info.btf_id,
    keyType: info.btf_key_type_id,
    valueType: info.btf_value_type_id,
    interface: info.ifindex,
  };
}
