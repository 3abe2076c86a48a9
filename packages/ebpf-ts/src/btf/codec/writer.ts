import type { Name } from "./encode-failure.ts";

/** What a plan becomes, by closures or by code: the twin of a `Reader`. `name` is that of the value, for errors. */
export type Writer = (view: DataView, at: number, value: unknown, name: Name) => void;
