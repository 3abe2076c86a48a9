import type { Btf, BtfComposite, BtfMember } from "../../btf/types.ts";
import { EbpfError } from "../../base/errors.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { MapType } from "../../uapi/uapi.gen.ts";
import { badObject } from "./object-file.ts";
import type { MapSpec } from "../types.ts";

export interface MapDefinition {
  readonly map: MapSpec;
  readonly valuesOffset: number | undefined;
}

/**
 * Reads the struct that defines a map with the macros of bpf_helpers.h. `__uint(x, n)` is a pointer to an array of n,
 * `__type(x, T)` a pointer to T, `__ulong(x, n)` an enum with one value, `__array(values, T)` an empty array of pointers.
 */
export function readMapDefinition(btf: Btf, name: string, definition: BtfComposite): MapDefinition {
  return new Reader(btf, emptyMap(name)).read(definition, false);
}

function emptyMap(name: string): MapSpec {
  return {
    name,
    type: MapType.UNSPEC,
    keySize: 0,
    valueSize: 0,
    maxEntries: 0,
    flags: 0,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    valueType: 0,
    recordType: 0,
    inner: undefined,
    slots: [],
    section: undefined,
    contents: undefined,
    readOnly: false,
  };
}

class Reader {
  readonly #btf: Btf;
  readonly #map: MapSpec;
  #valuesOffset: number | undefined;

  constructor(btf: Btf, map: MapSpec) {
    this.#btf = btf;
    this.#map = map;
  }

  read(definition: BtfComposite, isInner: boolean): MapDefinition {
    definition.members.forEach((member, index) => {
      if (member.name === "values") this.#readValues(member, isInner, index === definition.members.length - 1);
      else this.#readField(member, isInner);
    });
    if (this.#map.type === MapType.UNSPEC) throw this.#bad("has no type: add __uint(type, BPF_MAP_TYPE_…)");
    adjustSizes(this.#btf, this.#map);
    return { map: this.#map, valuesOffset: this.#valuesOffset };
  }

  #readField(member: BtfMember, isInner: boolean): void {
    const map = this.#map;
    switch (member.name) {
      case "type":
        map.type = this.#uint(member);
        break;
      case "max_entries":
        map.maxEntries = this.#uint(member);
        break;
      case "map_flags":
        map.flags = this.#uint(member);
        break;
      case "numa_node":
        map.numaNode = this.#uint(member);
        break;
      case "map_extra":
        map.mapExtra = this.#ulong(member);
        break;
      case "key_size":
        map.keySize = this.#agree("key", map.keySize, this.#uint(member));
        break;
      case "value_size":
        map.valueSize = this.#agree("value", map.valueSize, this.#uint(member));
        break;
      case "key":
        map.keyType = this.#pointee(member);
        map.keySize = this.#agree("key", map.keySize, this.#sizeOf(member.name, map.keyType));
        break;
      case "value":
        map.valueType = this.#pointee(member);
        map.valueSize = this.#agree("value", map.valueSize, this.#sizeOf(member.name, map.valueType));
        break;
      case "pinning":
        map.pinning = this.#pinning(member, isInner);
        break;
      default:
        throw this.#bad(`has the unknown field ${member.name || "without a name"}`);
    }
  }

  #pinning(member: BtfMember, isInner: boolean): MapSpec["pinning"] {
    const value = this.#uint(member);
    if (value > 1)
      throw this.#bad(`has pinning ${value}, and only LIBBPF_PIN_NONE (0) and LIBBPF_PIN_BY_NAME (1) are known`);
    if (isInner && value !== 0) throw this.#bad("is the template of inner maps, which cannot be pinned");
    return value === 1 ? "by-name" : "none";
  }

  #readValues(member: BtfMember, isInner: boolean, isLast: boolean): void {
    const map = this.#map;
    if (isInner) throw this.#bad("is nested: maps of maps have two levels only");
    if (!isLast) throw this.#bad("has fields after values, which must come last");
    const { value } = mapKind(map.type);
    const isMapOfMaps = value === "map";
    if (!isMapOfMaps && value !== "program")
      throw this.#bad("has values, which only prog arrays and maps of maps may have");

    const array = this.#btf.type(member.type);
    const pointer = array.kind === "array" && array.length === 0 ? this.#btf.resolve(array.type) : undefined;
    const target = pointer?.kind === "ptr" ? this.#btf.resolve(pointer.type) : undefined;
    map.valueSize = this.#agree("value", map.valueSize, 4);
    this.#valuesOffset = member.bitOffset / 8;
    if (isMapOfMaps) {
      if (target?.kind !== "struct")
        throw this.#bad("has values of an unknown form: write __array(values, struct { … })");
      map.inner = new Reader(this.#btf, emptyMap(`${map.name}.inner`)).read(target, true).map;
    } else if (target?.kind !== "func_proto") {
      throw this.#bad("has values of an unknown form: write __array(values, int (void *))");
    }
  }

  #uint(member: BtfMember): number {
    const pointer = this.#btf.resolve(member.type);
    const array = pointer.kind === "ptr" ? this.#btf.type(pointer.type) : pointer;
    if (pointer.kind !== "ptr" || array.kind !== "array")
      throw this.#bad(`has field ${member.name} of an unknown form: write __uint(${member.name}, …)`);
    return array.length;
  }

  #ulong(member: BtfMember): bigint {
    const type = this.#btf.resolve(member.type);
    if (type.kind !== "enum" && type.kind !== "enum64") return BigInt(this.#uint(member));
    const [first] = type.values;
    if (first === undefined || type.values.length !== 1)
      throw this.#bad(`has field ${member.name} of an unknown form: write __ulong(${member.name}, …)`);
    return BigInt.asUintN(64, BigInt(first.value));
  }

  #pointee(member: BtfMember): number {
    const pointer = this.#btf.type(member.type);
    if (pointer.kind !== "ptr")
      throw this.#bad(`has field ${member.name} of an unknown form: write __type(${member.name}, …)`);
    return pointer.type;
  }

  #sizeOf(field: string, type: number): number {
    try {
      return this.#btf.sizeOf(type);
    } catch (cause) {
      if (!(cause instanceof EbpfError)) throw cause;
      throw new EbpfError(
        "BAD_OBJECT",
        `Map ${this.#map.name} has the ${field} type ${this.#btf.nameOf(type)}, whose size is not known`,
        { cause },
      );
    }
  }

  /** A size may be given twice, by `__uint` and by `__type`, when both say the same. */
  #agree(what: string, known: number, size: number): number {
    if (known !== 0 && known !== size) throw this.#bad(`has two ${what} sizes, ${known} and ${size}`);
    return size;
  }

  #bad(what: string): EbpfError {
    return badObject(`Map ${this.#map.name} ${what}`);
  }
}

/** The kernel wants no key and value in rings, and descriptors in perf event arrays: `value` then tells the records' type. */
function adjustSizes(btf: Btf, map: MapSpec): void {
  const { ring } = mapKind(map.type);
  if (ring === "event" || ring === "user") {
    map.recordType = map.valueType;
    map.valueType = 0;
    map.valueSize = 0;
  } else if (ring === "perf") {
    // 4 bytes are the descriptors that the kernel keeps in it, unless they are somebody's struct.
    const { kind } = btf.resolve(map.valueType);
    if (map.valueSize !== 4 || kind === "struct" || kind === "union") map.recordType = map.valueType;
    map.keySize = 4;
    map.valueSize = 4;
    map.valueType = 0;
    map.keyType = 0;
  }
}
