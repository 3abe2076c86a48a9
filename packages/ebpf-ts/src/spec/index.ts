export { parse } from "./parse.ts";
export { assemble } from "./assemble.ts";
export type { AssembleTarget } from "./assemble.ts";
export { setVariable } from "./set-variable.ts";
export { specToJson } from "./to-json.ts";
export { type MapKind, mapKind, type NounKind } from "../kinds/map-kinds.ts";
export { mapTypeName } from "../uapi/type-names.ts";
export { disassembleFunction } from "./disassemble-function.ts";
export { parseSectionName } from "./section-name.ts";
export type { SectionMeaning } from "./section-name.ts";
export { AttachType, MapFlag, MapType, ProgType } from "../uapi/uapi.gen.ts";
export type { DebugInfo } from "./records/debug-info.ts";
export type * from "./types.ts";
export { recordOf } from "./records/record-of.ts";
export type {
  FoundRecord,
  RecordCertainty,
  RecordOrigin,
  RecordSaid,
  RecordTag,
  RecordVariant,
} from "./records/found-record.ts";
export { entryOf } from "./entries/entry-of.ts";
export type { FoundEntry, FoundPart } from "./entries/found-entry.ts";
export { objectTypes } from "./object-types.ts";
export { sayRecords, type RecordChoice } from "./records/said/say-records.ts";
