import { type Checks, checkOptions } from "./base/check-options.ts";
import { type Check, aString, wrongKind } from "./base/checks.ts";
import { integrityOf } from "./base/digest.ts";
import { EbpfError } from "./base/errors.ts";
import type { Collection } from "./collection/collection.ts";
import type { ObjectDescription, SettingValues, VariableValues } from "./collection/description.ts";
import type { MapOptions } from "./collection/map-options.ts";
import { TypedCollection } from "./collection/typed-collection.ts";
import type { RecordChoice } from "./spec/records/said/say-records.ts";
import type { ObjectOptions } from "./load-object.ts";

/** Where a module has its object from. */
export interface ObjectSource {
  /** For messages: `probe.bpf.o`. */
  readonly name: string;
  /** SHA-256 of the file that the module was made from, as `sha256-` and base64. */
  readonly digest: string;
  /** The file, its bytes, or its bytes as base64. */
  readonly object: URL | Uint8Array | string;
}

/** What `load` of a host takes, with the names and types that a description has. */
export type DescribedOptions<Description extends ObjectDescription, Options extends ObjectOptions> = Omit<
  Options,
  "variables" | "kconfig" | "maps" | "records"
> & {
  /** First values of global variables; the only way to set `const volatile` ones. */
  readonly variables?: VariableValues<Description["variables"]> | undefined;
  /** The kernel's settings that the object asks for, in place of those that the engine has. */
  readonly kconfig?: SettingValues<Description["variables"]> | undefined;
  /** What the records of rings are, by name, in place of what the object tells: then the types here are not theirs. */
  readonly records?:
    | { readonly [Name in keyof (Description["rings"] & Description["userRings"])]?: RecordChoice }
    | undefined;
  /** Changes to maps, before they are made. */
  readonly maps?:
    | { readonly [Name in keyof (Description["maps"] & Description["rings"] & Description["userRings"])]?: MapOptions }
    | undefined;
};

/** A compiled object as a module: what `ebpf gen` writes, and what importing a `.bpf.o` gives. */
export interface DescribedObject<Description extends ObjectDescription, Options extends ObjectOptions> {
  /** Of the object's file. */
  readonly name: string;
  /** SHA-256 of the file that the module was made from, as `sha256-` and base64. */
  readonly digest: string;
  /** The file. Rejected with STALE when it is not the one that the module was made from. */
  bytes(): Promise<Uint8Array>;
  /** Loads it as `load()` does, with names and types. */
  load(options?: DescribedOptions<Description, Options>): Promise<TypedCollection<Description>>;
}

/** What the module asks its host for. */
export interface ObjectHost<Options extends ObjectOptions> {
  read(url: URL): Promise<Uint8Array>;
  load(bytes: Uint8Array, options: Options | undefined): Promise<Collection>;
}

const aFileOrBytes: Check = (value, what) => {
  if (value instanceof URL || value instanceof Uint8Array || typeof value === "string") return;
  throw wrongKind(what, "a URL, bytes, or base64", value);
};

const checks: Checks<ObjectSource> = { name: aString, digest: aString, object: aFileOrBytes };

/** The module of an object on a host. */
export function describedObject<Description extends ObjectDescription, Options extends ObjectOptions>(
  source: ObjectSource,
  host: ObjectHost<Options>,
): DescribedObject<Description, Options> {
  checkOptions(source, checks, "defineObject()");
  const { name, digest, object } = source;
  const bytes = async (): Promise<Uint8Array> =>
    object instanceof URL ? checked(await host.read(object), source) : unpacked(object);
  return {
    name,
    digest,
    bytes,
    load: async (options) => new TypedCollection(await host.load(await bytes(), options as Options | undefined)),
  };
}

function unpacked(object: Uint8Array | string): Uint8Array {
  return typeof object === "string"
    ? Uint8Array.from(atob(object), (letter) => letter.charCodeAt(0))
    : new Uint8Array(object);
}

async function checked(bytes: Uint8Array, { name, digest }: ObjectSource): Promise<Uint8Array> {
  const found = (await integrityOf(bytes)) ?? digest;
  if (found === digest) return bytes;
  throw new EbpfError(
    "STALE",
    `Cannot load ${name}: it is not the object that its module was generated from, run ebpf gen ${name} again`,
  );
}
