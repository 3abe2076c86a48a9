import { aString, aUint8Array } from "../base/checks.ts";
import { parseElf } from "../elf/parse-elf.ts";
import { findSection } from "./object/object-file.ts";

/**
 * What a section of an object's file has, as it stands there: `.BTF` without what a loader fills in. A view of the bytes that are given; undefined
 * where there is no such section. Throws `EbpfError` BAD_OBJECT when it is no object.
 */
export function objectSection(object: Uint8Array, name: string): Uint8Array | undefined {
  aUint8Array(object, "The object of objectSection()");
  aString(name, "The name of a section");
  return findSection(parseElf(object), name)?.data;
}
