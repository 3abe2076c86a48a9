import type { Btf } from "../btf/types.ts";
import type { EngineMap } from "../engine/map.ts";
import type { Pinnable } from "../engine/pinnable.ts";
import type { PerfOptions } from "../engine/perf.ts";
import type { EngineRing } from "../engine/ring.ts";
import type { Link, LinkedOps } from "../link/link.ts";
import type { RecordType } from "./record-type.ts";

/** Ids in the BTF; 0 where a type is not known. */
export interface ValueTypes {
  readonly btf: Btf | undefined;
  readonly key: number;
  readonly value: number;
}

/** What a noun is made from, beside the engine's map. */
export interface NounParts {
  readonly types: ValueTypes;
  /** Of rings. */
  readonly record: RecordType;
  /** Of a perf event array: asked for when its rings are made. */
  readonly perf: () => PerfOptions;
  /** Of a ring whose losses the engine does not count. */
  readonly lost?: (() => number | undefined) | undefined;
  /** Of operations of the kernel. */
  readonly attach: (ops: LinkedOps) => Promise<Link>;
  readonly onClose?: (() => void) | undefined;
}

/** How to make one noun. */
export interface NounMaker<Noun> {
  /** For who opens such a map as another noun: what it is, and how to open it. */
  readonly door: string;
  make(map: EngineMap, parts: NounParts): Noun;
}

/** A ring of either kind, whoever opened it. */
export interface RingParts {
  readonly name: string;
  readonly ring: EngineRing;
  readonly record: RecordType;
  readonly pinnable?: Pinnable | undefined;
  readonly onClose?: (() => void) | undefined;
}

/** A ring of an engine's map. */
export function ringParts(map: EngineMap, { record, onClose }: NounParts): RingParts {
  return { name: map.info.name, ring: map.ring!(), record, pinnable: map, onClose };
}
