import { attachKinds } from "../attach/attach-kinds.gen.ts";
import type { AttachTarget } from "../attach/attach-targets.gen.ts";
import { partOf } from "../collection/description-part.ts";
import { findProgramKind, goesTo } from "../kinds/find-program-kind.ts";
import { isKernelNumber, type MapKind, mapKind } from "../kinds/map-kinds.ts";
import { contextTypeOf } from "../spec/context-type.ts";
import type { Btf } from "../btf/types.ts";
import type { CollectionSpec, MapSpec, ProgramSpec, VariableSpec } from "../spec/types.ts";
import { EbpfError } from "../base/errors.ts";
import type { FoundPart } from "../spec/entries/found-entry.ts";
import { entryOf, recordOf } from "../spec/debug/doors.ts";
import { type Doc, join } from "./document.ts";
import { code, literal, propertyName, prose } from "./names.ts";
import { block, comment, generic, type TypeWriter, type WrittenType } from "./type-writer.ts";

/** Writes the description of an object: the types of its parts, by their names. */
export class DescriptionWriter {
  readonly #spec: CollectionSpec;
  readonly #types: TypeWriter;
  readonly #writerFor: (btf: Btf) => TypeWriter;
  /** Names of the library that it uses. */
  readonly imports: Set<string> = new Set<string>();

  /** `writerFor`: records may have types of another table than the object's own. */
  constructor(spec: CollectionSpec, types: TypeWriter, writerFor: (btf: Btf) => TypeWriter) {
    this.#spec = spec;
    this.#types = types;
    this.#writerFor = writerFor;
  }

  /** The members of the description. */
  write(): Doc[] {
    const { maps, variables, programs } = this.#spec;
    const inPart = (part: string): MapSpec[] => maps.filter((map) => partOf(map) === part);
    return [
      this.#part("maps", inPart("maps"), (map) => this.#map(map)),
      this.#part("rings", inPart("rings"), (map) => this.#ring(map)),
      this.#part("userRings", inPart("userRings"), (map) => this.#ring(map)),
      this.#part("variables", variables, (variable) => this.#variable(variable)),
      this.#part("programs", programs, (program) => this.#program(program)),
    ];
  }

  #part<Spec extends { readonly name: string }>(
    name: string,
    specs: readonly Spec[],
    write: (spec: Spec) => Part,
  ): Doc {
    const first = new Map(specs.toReversed().map((spec) => [spec.name, spec]));
    const members = [...first.values()].toReversed().map((spec): Doc => {
      const { says, type } = write(spec);
      return [comment(says), "readonly ", propertyName(spec.name), ": ", type, ";"];
    });
    return [`readonly ${name}: `, block(members), ";"];
  }

  #map(map: MapSpec): Part {
    const kind = mapKind(map.type);
    if (kind.noun === "struct-ops") return this.#structOps(map);
    const says = `${mapTitle(map)}${this.#entryTitle(map, kind)}${sizeTitle(map, kind)}`;
    if (kind.noun === "queue" || kind.noun === "bloom-filter") {
      const noun = kind.noun === "queue" ? "Queue" : "BloomFilter";
      return { says, type: this.#library(noun, [this.#value(map, kind).text]) };
    }
    const key = this.#key(map, kind).text;
    if (kind.value === "program") return { says, type: this.#library("BpfMap", [key, this.#or("Program"), "number"]) };
    if (kind.value === "map") return { says, type: this.#library("BpfMap", [key, this.#or("LiveMap"), "number"]) };
    return { says, type: this.#library(kind.perCpu ? "PerCpuMapOf" : "MapOf", [key, this.#value(map, kind).text]) };
  }

  /** Records that do not fit their type, or any of several, are bytes; of several types none is encoded. */
  #ring(map: MapSpec): Part {
    const kind = mapKind(map.type);
    const { btf, variants, told, why } = recordOf(this.#spec, map);
    const writer = this.#writer(btf);
    const [first] = variants;
    const sure =
      told === undefined && (first === undefined || first.certainty === "exact" || first.by === "global-pointer");
    const types = variants.map(({ type }) => (writer.write(type, `${map.name}_record`, sure) ?? unknown).text);
    const all = [...new Set([...types, ...(sure && types.length > 0 ? [] : ["Uint8Array"])])];
    const what =
      variants.length === 0 ? "of unknown type" : variants.map(({ type }) => code(btf!.nameOf(type))).join(" or ");
    const says = `${mapTitle(map)}, records are ${what} (${prose(why)})${sizeTitle(map, kind)}`;
    const record: Doc = join(all, " | ");
    if (kind.ring === "perf") return { says, type: this.#library("PerfEventArray", [record]) };
    if (kind.ring === "user")
      return { says, type: this.#library("UserRingOf", [told === undefined ? record : "Uint8Array"]) };
    if (told !== undefined) return { says, type: this.#library("RingBuf", [record, "Uint8Array"]) };
    return { says, type: this.#library("RingOf", [record]) };
  }

  #structOps(map: MapSpec): Part {
    this.imports.add("StructOps");
    return { says: `${mapTitle(map)}: ${this.#cName(map.valueType)}`, type: "StructOps" };
  }

  #variable({ name, type, size, section, readOnly, extern }: VariableSpec): Part {
    const value = this.#types.write(type, name, true) ?? unknown;
    const what = type === 0 ? `${size} bytes` : this.#cName(type);
    const kind = extern !== undefined ? "SettingOf" : readOnly ? "ConstantOf" : "VariableOf";
    const by = { SettingOf: ", said by the kernel", ConstantOf: ", set by load() alone", VariableOf: "" };
    return { says: `${what} in ${code(section)}${by[kind]}`, type: this.#library(kind, [value.text]) };
  }

  #program(program: ProgramSpec): Part {
    const places = placesOf(program).map(literal);
    const context = this.#context(program);
    const [first] = program.lines;
    const where = first === undefined || first.line === 0 ? "" : `, ${code(`${baseName(first.file)}:${first.line}`)}`;
    this.imports.add("ProgramOf");
    const place = places.length === 0 ? "never" : places.join(" | ");
    return {
      says: `${code(`SEC("${program.section}")`)}${where}`,
      type:
        context === undefined && places.length === 0 ? "ProgramOf" : generic("ProgramOf", withContext(place, context)),
    };
  }

  #context(program: ProgramSpec): WrittenType | undefined {
    try {
      const type = contextTypeOf(this.#spec, program);
      return type === 0 ? undefined : this.#types.write(type, `${program.name}_context`, false);
    } catch (error) {
      if (error instanceof EbpfError) return undefined;
      throw error;
    }
  }

  #key(map: MapSpec, kind: MapKind): WrittenType {
    const { btf, key } = entryOf(this.#spec, map);
    if (isNumber(kind.key, map.keySize, key.type)) return number;
    return this.#writer(btf).write(key.type, `${map.name}_key`, true) ?? unknown;
  }

  #value(map: MapSpec, kind: MapKind): WrittenType {
    const { btf, value } = entryOf(this.#spec, map);
    if (isNumber(kind.value, map.valueSize, value.type)) return number;
    return this.#writer(btf).write(value.type, `${map.name}_value`, true) ?? unknown;
  }

  #entryTitle(map: MapSpec, kind: MapKind): string {
    const { btf, key: keys, value: values } = entryOf(this.#spec, map);
    const key = kind.key === "none" ? "" : `${titleOf(btf, keys, map.keySize)} → `;
    if (kind.value === "program" || kind.value === "map") return `: ${key}${kind.value}`;
    return `: ${key}${titleOf(btf, values, map.valueSize)}`;
  }

  /** Records and entries may have types of another table than the object's own. */
  #writer(btf: Btf | undefined): TypeWriter {
    return btf === undefined || btf === this.#spec.btf ? this.#types : this.#writerFor(btf);
  }

  #cName(type: number): string {
    return code(this.#spec.btf?.nameOf(type) ?? "");
  }

  /** What is written into a map of programs or maps: one of those, or its number. */
  #or(noun: string): Doc {
    this.imports.add(noun);
    return `${noun} | number`;
  }

  #library(noun: string, args: readonly Doc[]): Doc {
    this.imports.add(noun);
    return generic(noun, args);
  }
}

/** A part of a description: its type, and what a comment says of it. */
interface Part {
  readonly says: string;
  readonly type: Doc;
}

const unknown: WrittenType = { text: "unknown", union: false };
const number: WrittenType = { text: "number", union: false };

function isNumber(what: MapKind["key"] | MapKind["value"], size: number, type: number): boolean {
  return type === 0 && size === 4 && isKernelNumber(what);
}

/** What keys or values are, and how that is known where the map's definition does not say it; `size` in bytes. */
function titleOf(btf: Btf | undefined, { type, by, why }: FoundPart, size: number): string {
  const name = type === 0 || btf === undefined ? `${size} bytes` : code(btf.nameOf(type));
  return by === "programs" || by === "nothing" ? `${name} (${prose(why)})` : name;
}

/** Kinds of places that the program can be attached to, by what its section says. */
function placesOf({ kind }: ProgramSpec): AttachTarget["kind"][] {
  const row = findProgramKind(kind);
  const all = Object.keys(attachKinds) as AttachTarget["kind"][];
  if (row === undefined || row.attaches === "never") return [];
  return all.filter((place) => goesTo(row, place));
}

/** `hash`, as the kernel calls it. */
function mapTitle({ type }: MapSpec): string {
  return mapKind(type).name.toLowerCase();
}

function sizeTitle({ maxEntries }: MapSpec, { counts }: MapKind): string {
  if (maxEntries === 0 || counts === "nothing" || counts === "cpus") return "";
  return `, ${maxEntries} ${maxEntries === 1 && counts === "entries" ? "entry" : counts}`;
}

function withContext(place: string, context: WrittenType | undefined): Doc[] {
  return context === undefined ? [place] : [place, context.text];
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
