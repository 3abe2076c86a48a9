import { aUint8Array } from "../base/checks.ts";
import { atOnce, type Sliced } from "../base/slices.ts";
import { readCode, type Code } from "./object/code.ts";
import { readArena } from "./object/arena.ts";
import { readDataMaps } from "./object/data-maps.ts";
import { readKconfig } from "./object/kconfig.ts";
import { readMaps } from "./object/maps.ts";
import { fillMapValues } from "./object/map-values.ts";
import { badObject, findSection, openObject } from "./object/object-file.ts";
import type { ObjectFile } from "./object/object-file.ts";
import { findRecordTypes } from "./object/record-type.ts";
import { addReferences } from "./object/references.ts";
import { readStructOps } from "./object/struct-ops.ts";
import { debugInfoOf } from "./debug/debug-info.ts";
import type { FunctionPlace } from "./records/function-place.ts";
import { makePrintable } from "./to-json.ts";
import type { CollectionSpec } from "./types.ts";
import { readVariables } from "./object/variables.ts";

/**
 * Reads an object file as clang makes it. Pure: nothing is loaded, and no host is looked at. The bytes are copied, since much of the spec
 * is read when it is asked for: their buffer may be used again.
 * Throws `EbpfError` when the object is broken, `NotSupportedError` when it uses what this library lacks.
 */
export function parse(bytes: Uint8Array): CollectionSpec {
  aUint8Array(bytes, "The object of parse()");
  return atOnce(parsing(new Uint8Array(bytes)));
}

/** The same in slices, of bytes that are the spec's from now on. */
export function* parsing(bytes: Uint8Array): Sliced<CollectionSpec> {
  aUint8Array(bytes, "The object of parse()");
  const object = openObject(bytes);
  refuseLegacyMaps(object);
  yield;
  const maps = readMaps(object);
  const dataMaps = readDataMaps(object);
  const arena = readArena(object, maps);
  const variables = arena === undefined ? dataMaps : [...dataMaps, arena];
  const kconfig = readKconfig(object);
  yield;
  const code = readCode(object);
  yield;
  addReferences(object, code, maps, variables);
  fillMapValues(object, code, maps);
  const structOps = readStructOps(object, code);
  yield;
  const spec: CollectionSpec = {
    license: readLicense(object),
    maps: [...maps.map(({ spec: map }) => map), ...dataMaps.map(({ spec: map }) => map), ...kconfig.maps, ...structOps],
    programs: code.programs,
    functions: code.functions,
    variables: [...readVariables(object, variables), ...kconfig.variables],
    btf: object.btf,
    findings: [...object.findings],
  };
  yield;
  const debug = debugInfoOf(object.elf, placesOf(code));
  if (debug !== undefined) spec.debug = debug;
  yield;
  findRecordTypes(spec);
  return makePrintable(spec);
}

function placesOf({ placed }: Code): Map<string, FunctionPlace> {
  return new Map(placed.map(({ spec, section, slot }) => [spec.name, { section: section.index, offset: slot * 8 }]));
}

function readLicense(object: ObjectFile): string {
  const section = findSection(object.elf, "license");
  if (section === undefined) return "";
  const end = section.data.indexOf(0);
  return new TextDecoder().decode(section.data.slice(0, end < 0 ? section.data.length : end));
}

function refuseLegacyMaps(object: ObjectFile): void {
  const section = findSection(object.elf, "maps");
  if (section === undefined || section.size === 0) return;
  throw badObject(
    'The object defines maps in the old way, in section "maps": define them with BTF, in section ".maps", and compile with clang -g',
  );
}
