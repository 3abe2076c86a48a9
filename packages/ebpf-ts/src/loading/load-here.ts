import type { Collection } from "../collection/collection.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aPath, type Check, wrongKind } from "../base/checks.ts";
import { aHeldCommand } from "../engine/command.ts";
import type { Engine } from "../engine/engine.ts";
import { eventSources } from "../engine/embedded/sources/check-sources.ts";
import type { LockDown } from "../engine/lock-down.ts";
import { EbpfError, type EbpfErrorCode } from "../base/errors.ts";
import { importHost } from "../host/import-host.ts";
import { readObject } from "../host/read-object.ts";
import { publishFinding, publishPrint, warnFault, warnOnce } from "../host/reporters.ts";
import { loadSpec, objectChecks, specOf } from "../load-object.ts";
import type { LoadOptions } from "./load-options.ts";
import type * as ReadDebug from "../spec/debug/read-debug.ts";
import type { CollectionSpec } from "../spec/types.ts";

const anEngine: Check = (value, what) => {
  const { load } = Object(value) as Partial<Engine>;
  if (value === "auto" || value === "kernel" || value === "embedded" || typeof load === "function") return;
  throw wrongKind(what, '"auto", "kernel", "embedded" or an Engine', value);
};

const aPathOrNone: Check = (value, what) => {
  if (value !== "") aPath(value, what);
};

const checks: Checks<LoadOptions> = {
  ...objectChecks,
  engine: anEngine,
  pinRoot: aPath,
  token: aPathOrNone,
  btf: aPath,
  command: aHeldCommand,
  sources: eventSources,
};

/** All that loading takes beside an engine: what only imports the library does not wait for it. */
export async function loadHere(
  object: string | URL | Uint8Array | CollectionSpec,
  options: LoadOptions,
  engineOf: (options: LoadOptions, spec: CollectionSpec) => Promise<Engine>,
): Promise<Collection> {
  checkOptions(options, checks, "load()");
  const isFile = typeof object === "string" || object instanceof URL;
  const spec = isFile ? await specOfFile(object) : await specOf(object, takes);
  const engine = await engineOf(options, spec);
  for (const finding of spec.findings ?? []) publishFinding(finding);
  return loadSpec(spec, engine, options, {
    onPrint: publishPrint,
    onFault: warnFault,
    onFinding: publishFinding,
    lockDown,
    debugReader,
    command: options.command,
    warn: warnOnce,
  });
}

/** What is wrong with a file is told with its name. */
async function specOfFile(path: string | URL): Promise<CollectionSpec> {
  const bytes = await readObject(path);
  try {
    return await specOf(bytes, takes);
  } catch (cause) {
    if (!(cause instanceof EbpfError) || !broken.has(cause.code)) throw cause;
    const why = String(path).endsWith(".c") ? "it is C, ebpf build makes an object of it" : cause.message;
    throw new EbpfError(cause.code, `Cannot read ${String(path)}: ${why}`, { cause });
  }
}

const broken: ReadonlySet<EbpfErrorCode> = new Set(["BAD_OBJECT", "BAD_BTF"]);

const takes = "a path, the bytes of a file, or a spec";

/** A tenth of the library, for objects whose records only that can tell. */
async function debugReader(): Promise<typeof ReadDebug.readDebug> {
  const { readDebug } = await importHost("debug information", () => import("../spec/debug/read-debug.ts"));
  return readDebug;
}

const lockDown: LockDown = async (plan, collection) => {
  const host = await importHost("lockDown()", () => import("../lockdown/lock-down.ts"));
  return host.lockDown(plan, collection);
};
