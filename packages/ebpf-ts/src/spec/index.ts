export { parse } from "./parse.ts";
export { assemble } from "./assembly/assemble.ts";
export type { AssembleTarget } from "./assembly/assemble.ts";
export { choosePrograms } from "./choose-programs.ts";
export type { ProgramSelection } from "./choose-programs.ts";
export { setVariable } from "./set-variable.ts";
export { specToJson } from "./to-json.ts";
export { type MapKind, mapKind, type NounKind } from "../kinds/map-kinds.ts";
export { mapTypeName } from "../uapi/type-names.ts";
export { disassembleFunction } from "./disassemble-function.ts";
export { parseSectionName } from "./section-name.ts";
export type { SectionMeaning } from "./section-name.ts";
export { AttachType, MapFlag, MapType, ProgType } from "../uapi/uapi.gen.ts";
export type { DebugInfo } from "./debug/debug-info.ts";
export type * from "./types.ts";
export { entryOf, recordOf, sayRecords } from "./debug/doors.ts";
export type {
  FoundRecord,
  RecordCertainty,
  RecordOrigin,
  RecordSaid,
  RecordTag,
  RecordVariant,
} from "./records/found-record.ts";
export type { FoundEntry, FoundPart } from "./entries/found-entry.ts";
export { objectTypes } from "./object-types.ts";
export type { RecordChoice } from "./records/said/say-records.ts";
