import type { EbpfErrorCode } from "./base/errors.ts";
import type { Collection } from "./collection/collection.ts";
import { aHeldCommand, checkHold, type HeldCommand, type HoldOptions } from "./engine/command.ts";
import type { Engine } from "./engine/engine.ts";
import type { EngineName } from "./engine/engine-name.ts";
import type { LockDown } from "./engine/lock-down.ts";
import type { EventSource } from "./engine/embedded/sources/event-source.ts";
import { eventSources } from "./engine/embedded/sources/check-sources.ts";
import type * as Kernel from "./engine/kernel/kernel-engine.ts";
import { type Checks, checkOptions } from "./base/check-options.ts";
import { aPath, type Check, oneOf, wrongKind } from "./base/checks.ts";
import { importHost } from "./host/import-host.ts";
import { readObject } from "./host/read-object.ts";
import { publishFinding, publishPrint, warnFault } from "./host/reporters.ts";
import { loadSpec, objectChecks, type ObjectOptions, specOf } from "./load-object.ts";
import { parse } from "./spec/parse.ts";
import type * as ReadDebug from "./spec/debug/read-debug.ts";
import type { CollectionSpec } from "./spec/types.ts";

export type { ObjectOptions } from "./load-object.ts";

/** How an object is loaded on this host. */
export interface LoadOptions extends ObjectOptions {
  /** `auto` (the default) is the kernel where this process may use it, else the embedded engine. */
  readonly engine?: "auto" | EngineName | Engine | undefined;
  /** Folder in a bpf file system for the maps that the object wants pinned by name (kernel engine); by default /sys/fs/bpf. */
  readonly pinRoot?: string | undefined;
  /** One of {@link holdCommand}, for `Collection.start`: events are its own then, unless `scope` says otherwise. */
  readonly command?: HeldCommand | undefined;
  /** Further sources of events. With them, `auto` is the embedded engine: no other has them. */
  readonly sources?: readonly EventSource[] | undefined;
}

/** Whether an engine can be used here, and if not, why, in one sentence. */
export interface EngineAvailability {
  readonly usable: boolean;
  readonly reason?: string | undefined;
  /** The code of the error that an attempt gives: `NOT_SUPPORTED` where the host has no such engine at all, `NO_PRIVILEGE`, … */
  readonly code?: EbpfErrorCode | undefined;
}

const anEngine: Check = (value, what) => {
  const { load } = Object(value) as Partial<Engine>;
  if (value === "auto" || value === "kernel" || value === "embedded" || typeof load === "function") return;
  throw wrongKind(what, '"auto", "kernel", "embedded" or an Engine', value);
};

const checks: Checks<LoadOptions> = {
  ...objectChecks,
  engine: anEngine,
  pinRoot: aPath,
  command: aHeldCommand,
  sources: eventSources,
};

/**
 * Loads a compiled eBPF object: a path, the bytes of the file, or a spec that was parsed (and perhaps edited) before.
 * Throws {@link EbpfError}: BAD_OBJECT and BAD_BTF for a broken file, VERIFIER, NO_PRIVILEGE, NOT_SUPPORTED.
 */
export async function load(
  object: string | URL | Uint8Array | CollectionSpec,
  options: LoadOptions = {},
): Promise<Collection> {
  checkOptions(options, checks, "load()");
  const spec =
    typeof object === "string" || object instanceof URL ? parse(await readObject(object)) : specOf(object, takes);
  const engine = await engineOf(options);
  for (const finding of spec.findings ?? []) publishFinding(finding);
  return loadSpec(spec, engine, options, {
    onPrint: publishPrint,
    onFault: warnFault,
    onFinding: publishFinding,
    lockDown,
    debugReader,
    command: options.command,
  });
}

const takes = "a path, the bytes of a file, or a spec";

/** A tenth of the library, for objects whose records only that can tell. */
async function debugReader(): Promise<typeof ReadDebug.readDebug> {
  const { readDebug } = await importHost("debug information", () => import("./spec/debug/read-debug.ts"));
  return readDebug;
}

const lockDown: LockDown = async (plan, collection) => {
  const host = await importHost("lockDown()", () => import("./lockdown/lock-down.ts"));
  return host.lockDown(plan, collection);
};

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

async function engineOf({ engine: wanted = "auto", pinRoot, sources = [], command }: LoadOptions): Promise<Engine> {
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
  if (typeof engine === "object") return engine;
  switch (engine) {
    case "kernel":
      return kernel(pinRoot);
    case "embedded":
      return embedded(sources);
    case "auto": {
      if (sources.length > 0) return embedded(sources);
      const { haveKernel } = await importKernel();
      return haveKernel().usable ? kernel(pinRoot) : embedded(sources);
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

function importKernel(): Promise<typeof Kernel> {
  return importHost("the kernel engine", () => import("./engine/kernel/kernel-engine.ts"));
}

async function kernel(pinRoot: string | undefined): Promise<Engine> {
  const { kernelEngine } = await importKernel();
  return kernelEngine({ pinRoot });
}

async function embedded(sources: readonly EventSource[]): Promise<Engine> {
  const { hostedEmbeddedEngine } = await importHost(
    "the embedded engine",
    () => import("./engine/embedded/node-host.ts"),
  );
  return hostedEmbeddedEngine(sources);
}
