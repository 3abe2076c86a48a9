import type { EngineMap, MapInfo } from "../engine/map.ts";
import type { EngineProgram, ProgramInfo } from "../engine/program.ts";
import { mapTypeName, programTypeName } from "../uapi/type-names.ts";

/** What a link asks of the program that it keeps attached. */
export interface LinkedProgram {
  readonly name: string;
  readonly info: ProgramInfo;
  /** The engine's own side of it. */
  readonly handle: EngineProgram;
}

/** What a link asks of the operations of the kernel (struct_ops) that it keeps attached. */
export interface LinkedOps {
  readonly name: string;
  readonly info: MapInfo;
  /** The engine's own side of their map. */
  readonly handle: EngineMap;
}

/** What a link keeps attached. */
export type Linked = LinkedProgram | LinkedOps;

/** Throws for what is neither. */
export function checkLinked(value: Linked): void {
  if (value?.handle === undefined)
    throw new TypeError("update() of a link takes a program, or operations (struct_ops)");
}

/** `program count`, `map cubic` */
export function titleOf(linked: Linked): string {
  return `${isOps(linked) ? "map" : "program"} ${linked.name}`;
}

/** `xdp`, `a map of type struct_ops`: only what is of the same stands in its place. */
export function typeOf(linked: Linked): string {
  return isOps(linked) ? `a map of type ${mapTypeName(linked.info.type)}` : programTypeName(linked.info.type);
}

/** Of types that have numbers of their own. */
export function isOps(linked: Linked): linked is LinkedOps {
  return "keySize" in linked.info;
}
