/** An object's file as data, for tools that load nothing. */
export { readObject } from "./host/read-object.ts";
export { parse } from "./spec/parse.ts";
export { objectSection } from "./spec/object-section.ts";
