import { EbpfError } from "./base/errors.ts";
import type { ObjectDescription } from "./collection/description.ts";
import { type EmbeddedLoadOptions, load } from "./load-embedded.ts";
import { type DescribedObject, describedObject, type ObjectSource } from "./object-module.ts";

/** A compiled object as a module, for the embedded engine. */
export interface EmbeddedObjectModule<Description extends ObjectDescription> extends DescribedObject<
  Description,
  EmbeddedLoadOptions
> {}

/** The module of a compiled object: `ebpf gen` writes calls of this. A file is fetched when it is loaded. */
export function defineObject<Description extends ObjectDescription>(
  source: ObjectSource,
): EmbeddedObjectModule<Description> {
  return describedObject(source, { read: fetchObject, load });
}

async function fetchObject(url: URL): Promise<Uint8Array> {
  const response = await fetch(url).catch((cause: unknown) => {
    throw new EbpfError("NOT_FOUND", `Cannot fetch ${url.href}: ${(cause as Error).message}`, { cause });
  });
  if (!response.ok)
    throw new EbpfError("NOT_FOUND", `Cannot fetch ${url.href}: the server answered ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}
