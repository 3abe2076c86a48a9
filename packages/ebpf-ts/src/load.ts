import type { EbpfErrorCode } from "./base/errors.ts";
import { oneOf } from "./base/checks.ts";
import type { Collection } from "./collection/collection.ts";
import { checkHold, type HeldCommand, type HoldOptions } from "./engine/command.ts";
import type { Engine } from "./engine/engine.ts";
import type { EngineName } from "./engine/engine-name.ts";
import type { EventSource } from "./engine/embedded/sources/event-source.ts";
import type * as Kernel from "./engine/kernel/kernel-engine.ts";
import { importHost } from "./host/import-host.ts";
import type { LoadOptions } from "./loading/load-options.ts";
import type { CollectionSpec } from "./spec/types.ts";

export type { ObjectOptions } from "./load-object.ts";
export type { LoadOptions } from "./loading/load-options.ts";

/** Whether an engine can be used here, and if not, why, in one sentence. */
export interface EngineAvailability {
  readonly usable: boolean;
  readonly reason?: string | undefined;
  /** The code of the error that an attempt gives: `NOT_SUPPORTED` where the host has no such engine at all, `NO_PRIVILEGE`, … */
  readonly code?: EbpfErrorCode | undefined;
}

/**
 * Loads a compiled eBPF object: a path, the bytes of the file, or a spec that was parsed (and perhaps edited) before. The bytes are copied
 * at once: their buffer may be used again after the call.
 * Throws {@link EbpfError}: BAD_OBJECT and BAD_BTF for a broken file, VERIFIER, NO_PRIVILEGE, NOT_SUPPORTED.
 */
export async function load(
  object: string | URL | Uint8Array | CollectionSpec,
  options: LoadOptions = {},
): Promise<Collection> {
  const own = object instanceof Uint8Array ? new Uint8Array(object) : object;
  const { loadHere } = await importHost("the loader", () => import("./loading/load-here.ts"));
  return loadHere(own, options, engineOf);
}

/**
 * A command that waits: its process id may go into `variables` of `load()`, which takes the command too, and `Collection.start` lets it go.
 * A shell stands in its place until then. Throws COMMAND for what is none.
 */
export async function holdCommand(
  file: string,
  args: readonly string[] = [],
  options: HoldOptions = {},
): Promise<HeldCommand> {
  checkHold(file, args, options);
  const { engine, ...spawn } = options;
  const { hold } = await engineOf({ engine });
  return hold!(file, args, spawn);
}

async function engineOf(
  { engine: wanted = "auto", sources = [], command, ...options }: LoadOptions,
  spec?: CollectionSpec,
): Promise<Engine> {
  const engine = wanted === "auto" && command !== undefined ? command.engine : wanted;
  const name = typeof engine === "object" ? engine.name : engine;
  if (command !== undefined && name !== command.engine) {
    throw new TypeError(
      `The option command of load() is held by the ${command.engine} engine, not by the ${name} engine`,
    );
  }
  if (sources.length > 0 && engine !== "auto" && engine !== "embedded") {
    throw new TypeError("The option sources of load() is for the embedded engine: an engine that is given has its own");
  }
  const { pinRoot, token } = options;
  const kernelOptions = { pinRoot, token, btf: await typesIn(options.btf) };
  if (typeof engine === "object") return engine;
  switch (engine) {
    case "kernel":
      return kernel(kernelOptions);
    case "embedded":
      return embedded(sources);
    case "auto": {
      if (sources.length > 0) return embedded(sources);
      const { haveKernel } = await importKernel();
      const planned = spec === undefined ? undefined : { spec, token: options.token };
      const { usable, reason = "the kernel engine cannot be used" } = haveKernel(undefined, planned);
      return usable ? kernel(kernelOptions) : { ...(await embedded(sources)), takenSince: reason };
    }
  }
}

/** Whether an engine can be used here, and if not, why: one sentence. */
export async function haveEngine(engine: EngineName): Promise<EngineAvailability> {
  oneOf("kernel", "embedded")(engine, "The engine of haveEngine()");
  if (engine === "embedded") return { usable: true };
  const { haveKernel } = await importKernel();
  return haveKernel();
}

/** Read whether or not something will ask for them: a file that is none of types is no matter of what the object has, or of who loads it. */
async function typesIn(path: string | undefined): Promise<Kernel.KernelEngineOptions["btf"]> {
  if (path === undefined) return undefined;
  const { readBtfFile } = await importHost("the kernel engine", () => import("./engine/kernel/load/btf-file.ts"));
  return readBtfFile(path);
}

function importKernel(): Promise<typeof Kernel> {
  return importHost("the kernel engine", () => import("./engine/kernel/kernel-engine.ts"));
}

async function kernel(options: Kernel.KernelEngineOptions): Promise<Engine> {
  const { kernelEngine } = await importKernel();
  return kernelEngine(options);
}

async function embedded(sources: readonly EventSource[]): Promise<Engine> {
  const { hostedEmbeddedEngine } = await importHost(
    "the embedded engine",
    () => import("./engine/embedded/node-host.ts"),
  );
  return hostedEmbeddedEngine(sources);
}
