import type { Name } from "./encode-failure.ts";

/**
 * What a plan becomes, by closures or by code: the twin of a `Reader`. `name` is that of the value, for errors; `size` the bytes that it
 * takes, all of which are written: as zeros, what the value leaves out.
 */
export type Writer = (view: DataView, at: number, value: unknown, name: Name, size: number) => void;

/** Of a part of a value, whose bytes were cleared before. */
export type PartWriter = (view: DataView, at: number, value: unknown, name: Name) => void;
