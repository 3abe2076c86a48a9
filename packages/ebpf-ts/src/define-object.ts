import type { ObjectDescription } from "./collection/description.ts";
import { readObject } from "./host/read-object.ts";
import { load, type LoadOptions } from "./load.ts";
import { type DescribedObject, describedObject, type ObjectSource } from "./object-module.ts";

/** A compiled object as a module: what `ebpf gen` writes, and what importing a `.bpf.o` gives. */
export interface ObjectModule<Description extends ObjectDescription> extends DescribedObject<
  Description,
  LoadOptions
> {}

/** The module of a compiled object: `ebpf gen` writes calls of this. Nothing is read until it is loaded. */
export function defineObject<Description extends ObjectDescription>(source: ObjectSource): ObjectModule<Description> {
  return describedObject(source, { read: readObject, load });
}
