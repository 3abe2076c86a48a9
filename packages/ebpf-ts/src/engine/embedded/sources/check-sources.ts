import { type Check, wrongKind } from "../../../base/checks.ts";
import type { EventSource } from "./event-source.ts";

/** For the options that take them. */
export const eventSources: Check = (value, what) => {
  const isSource = (source: Partial<EventSource> | null): boolean => typeof source?.start === "function";
  if (!Array.isArray(value) || !value.every(isSource)) throw wrongKind(what, "an array of sources of events", value);
};
