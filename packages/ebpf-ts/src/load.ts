import { Collection } from "./collection.ts";
import type { Engine } from "./engine/engine.ts";
import type { EngineName } from "./engine/engine-name.ts";
import type * as Kernel from "./engine/kernel/kernel-engine.ts";
import type { EbpfError } from "./base/errors.ts";
import { type Checks, checkOptions } from "./base/check-options.ts";
import { aFunction, anObject, aPath, type Check, integer, oneOf, wrongKind } from "./base/checks.ts";
import { importHost } from "./host/import-host.ts";
import { readObject } from "./host/read-object.ts";
import { parse } from "./spec/parse.ts";
import { setVariable } from "./spec/set-variable.ts";
import { makePrintable } from "./spec/to-json.ts";
import type { CollectionSpec } from "./spec/types.ts";

export interface LoadOptions {
  /** `auto` (the default) is the kernel where this process may use it, else the embedded engine. */
  readonly engine?: "auto" | EngineName | Engine | undefined;
  /** First values of global variables; the only way to set `const volatile` ones. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Lines of `bpf_trace_printk` (embedded engine). By default they go to the diagnostics channel `ebpf:trace_printk`. When it throws, or
   * rejects its promise, the command is killed, and `exited` is rejected with that; so is a `run()` by hand.
   */
  readonly onPrint?: ((line: string) => void) | undefined;
  /** A run of an attached program that went wrong (embedded engine). By default a process warning. What it throws is as for `onPrint`. */
  readonly onFault?: ((fault: EbpfError) => void) | undefined;
  /** Folder in a bpf file system for the maps that the object wants pinned by name (kernel engine); by default /sys/fs/bpf. */
  readonly pinRoot?: string | undefined;
  /** How many instructions one run of a program may take (embedded engine). */
  readonly instructionBudget?: number | undefined;
}

export interface EngineAvailability {
  readonly usable: boolean;
  readonly reason?: string | undefined;
}

const anEngine: Check = (value, what) => {
  const { load } = Object(value) as Partial<Engine>;
  if (value === "auto" || value === "kernel" || value === "embedded" || typeof load === "function") return;
  throw wrongKind(what, '"auto", "kernel", "embedded" or an Engine', value);
};

const checks: Checks<LoadOptions> = {
  engine: anEngine,
  variables: anObject,
  onPrint: aFunction,
  onFault: aFunction,
  pinRoot: aPath,
  instructionBudget: integer(1, Number.MAX_SAFE_INTEGER),
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
  const spec = withVariables(await specOf(object), options.variables ?? {});
  const engine = await engineOf(options.engine ?? "auto", options.pinRoot);
  const reporters = await importHost("the reporters", () => import("./host/reporters.ts"));
  const collection = await engine.load(spec, {
    onPrint: options.onPrint ?? reporters.publishPrint,
    onFault: options.onFault ?? reporters.warnFault,
    instructionBudget: options.instructionBudget,
  });
  return new Collection(spec, collection);
}

/** The spec stays as it was given: what is loaded has contents of its own. */
function withVariables(spec: CollectionSpec, variables: Readonly<Record<string, unknown>>): CollectionSpec {
  if (Object.keys(variables).length === 0) return spec;
  const maps = spec.maps.map((map) => ({ ...map, contents: map.contents?.slice() }));
  const own = makePrintable({ ...spec, maps });
  for (const [name, value] of Object.entries(variables)) setVariable(own, name, value);
  return own;
}

async function specOf(object: string | URL | Uint8Array | CollectionSpec): Promise<CollectionSpec> {
  if (typeof object === "string" || object instanceof URL) {
    return parse(await readObject(object));
  }
  if (object instanceof Uint8Array) return parse(object);
  if (Array.isArray((object as Partial<CollectionSpec> | null)?.maps)) return object;
  throw wrongKind("The object of load()", "a path, the bytes of a file, or a spec", object);
}

async function engineOf(choice: "auto" | EngineName | Engine, pinRoot: string | undefined): Promise<Engine> {
  if (typeof choice === "object") return choice;
  switch (choice) {
    case "kernel":
      return kernel(pinRoot);
    case "embedded":
      return embedded();
    case "auto": {
      const { haveKernel } = await importKernel();
      return haveKernel().usable ? kernel(pinRoot) : embedded();
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

async function embedded(): Promise<Engine> {
  const { hostedEmbeddedEngine } = await importHost(
    "the embedded engine",
    () => import("./engine/embedded/node-host.ts"),
  );
  return hostedEmbeddedEngine();
}
