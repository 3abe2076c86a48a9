import { MapType } from "../../uapi/uapi.gen.ts";
import type { MapSpec } from "../types.ts";

export interface DataSection extends Pick<MapSpec, "flags" | "valueType" | "readOnly"> {
  /** Its name, which is that of the map. */
  readonly section: string;
  readonly contents: Uint8Array;
}

/** The map of a section of global variables: an array of one element. */
export function dataMapSpec({ section, contents, ...rest }: DataSection): MapSpec {
  return {
    name: section,
    type: MapType.ARRAY,
    keySize: 4,
    valueSize: contents.length,
    maxEntries: 1,
    mapExtra: 0n,
    numaNode: undefined,
    pinning: "none",
    keyType: 0,
    recordType: 0,
    inner: undefined,
    slots: [],
    section,
    contents,
    ...rest,
  };
}
