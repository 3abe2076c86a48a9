import type { AttachTarget } from "../../../attach/attach-targets.gen.ts";
import type { Btf } from "../../../btf/types.ts";
import type { MapSpec, ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import type { QueriedPrograms } from "../../queried-programs.ts";
import type { LinkInfo } from "../../link.ts";
import type { EngineMap } from "../../map.ts";

/** The contract of this room: what attaches programs to one kind of place, a file a kind. */
export type Attach<Target extends AttachTarget> = (request: AttachRequest<Target>) => Promise<Attachment>;

/** What tells what is attached to one kind of place. */
export type Query<Target extends AttachTarget> = (request: AttachRequest<Target>) => Promise<QueriedPrograms>;

export interface AttachRequest<Target extends AttachTarget> {
  readonly sys: Sys;
  readonly program: Descriptor;
  readonly spec: ProgramSpec;
  readonly target: Target;
  /** A map of the program's object, by its name there. */
  readonly mapOf: FindObjectMap;
  /** In messages, after "Cannot": `attach program x`. */
  readonly action: string;
}

export type FindObjectMap = (name: string) => ObjectMap | undefined;

/** A map of an object, and what the object says of it. */
export interface ObjectMap {
  readonly fd: number;
  readonly map: EngineMap;
  readonly spec: MapSpec;
  /** The object's types. */
  readonly btf: Btf | undefined;
}

/** What keeps a program attached, until all of it is closed: one part a place, at least one. */
export interface Attachment {
  readonly parts: readonly AttachmentPart[];
}

export interface AttachmentPart {
  /** Undefined where this kernel has no links of that kind: what is beside it keeps the program attached then. */
  readonly link: Descriptor | undefined;
  /** What it stands on, such as a perf event: closed after the link, one after another. */
  readonly beside?: readonly Closable[] | undefined;
  /** Of places where this kernel, or this way, has no links: why not, and the first Linux that has them. */
  readonly noLink?: { readonly why: string; readonly since?: string } | undefined;
  /** What `info` says where the kernel has no link to be asked. */
  readonly details?: LinkInfo["details"] | undefined;
  /** Puts another program, by its descriptor, in the place of this one where there is no link that does it. `action` follows "Cannot". */
  update?(program: number, action: string): void;
}

export interface Closable {
  close(): void;
}

/** Closes all of it, whatever fails on the way: then throws what failed first. */
export function closeAttachment({ parts }: Attachment): void {
  const failures: unknown[] = [];
  for (const each of parts.flatMap(({ link, beside = [] }) => (link === undefined ? beside : [link, ...beside]))) {
    try {
      each.close();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** Makes parts one after another; when one cannot be made, those before it are closed. */
export function attachmentOf<T>(places: Iterable<T>, attach: (place: T) => AttachmentPart): Attachment {
  const parts: AttachmentPart[] = [];
  try {
    for (const place of places) parts.push(attach(place));
  } catch (error) {
    closeAttachment({ parts });
    throw error;
  }
  return { parts };
}
