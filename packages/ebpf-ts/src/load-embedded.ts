import { checkOptions } from "./base/check-options.ts";
import { NotSupportedError } from "./base/errors.ts";
import type { Collection } from "./collection/collection.ts";
import { embeddedChecks, embeddedEngine, type EmbeddedEngineOptions } from "./engine/embedded/user/embedded-engine.ts";
import { type HostServices, loadSpec, objectChecks, type ObjectOptions, specOf } from "./load-object.ts";
import { readDebug } from "./spec/debug/read-debug.ts";
import type { CollectionSpec } from "./spec/types.ts";

export type { ObjectOptions } from "./load-object.ts";

/** How an object is loaded where there is only the embedded engine: what `load` takes, and how the engine is made. */
export interface EmbeddedLoadOptions extends ObjectOptions, EmbeddedEngineOptions {}

const checks = { ...objectChecks, ...embeddedChecks };

const host: HostServices = {
  onPrint: (line) => console.debug(line),
  onFault: (fault) => console.warn(fault.message),
  onFinding: (finding) => console.debug(finding),
  debugReader: () => readDebug,
};

/**
 * Loads a compiled eBPF object, the bytes of the file or a spec that was parsed before, on the embedded engine: in a browser, or in any
 * other host of JavaScript. The bytes are copied at once: their buffer may be used again after the call.
 * Throws `EbpfError`: BAD_OBJECT and BAD_BTF for a broken file, NOT_SUPPORTED.
 */
export async function load(
  object: Uint8Array | CollectionSpec,
  options: EmbeddedLoadOptions = {},
): Promise<Collection> {
  checkOptions(options, checks, "load()");
  if (options.filter?.cgroup !== undefined) {
    throw new NotSupportedError("cgroup", "Cannot filter by cgroup: there are none where this engine runs");
  }
  const { sources, clock, hostTask, cpus, architecture, ...rest } = options;
  const engine = embeddedEngine({ sources, clock, hostTask, cpus, architecture });
  const own = object instanceof Uint8Array ? new Uint8Array(object) : object;
  return loadSpec(await specOf(own, "the bytes of a file, or a spec"), engine, rest, host);
}
