import { EbpfError, ValueError } from "../base/errors.ts";
import {
  encodeSetting,
  type KconfigSetting,
  type KconfigType,
  kconfigType,
  type KconfigValue,
  settingOf,
} from "./kconfig-value.ts";
import { checkPlace } from "./set-variable.ts";
import type { CollectionSpec, VariableSpec } from "./types.ts";

/** Where settings come from: what `load()` was given goes first. */
export interface KconfigSources {
  readonly given: Readonly<Record<string, KconfigValue>>;
  /** Of the kernel, or of what stands for it; those that it does not have are left out. */
  readonly own: ReadonlyMap<string, KconfigSetting>;
}

export interface FilledKconfig {
  /** With the settings in the contents of its map `.kconfig`, and zeros for those that are not there. */
  readonly spec: CollectionSpec;
  /** By name: those that are not there, and undefined, or what is wrong with them, a part of a sentence. */
  readonly missing: ReadonlyMap<string, string | undefined>;
}

/** The settings that the object asks for, by name. */
export function kconfigVariables(spec: CollectionSpec): readonly VariableSpec[] {
  return spec.variables.filter(({ extern }) => extern !== undefined);
}

/**
 * Writes the settings of a kernel into the variables that an object has for them. The spec stays as it was given. Throws BAD_VALUE for a
 * setting that was given and does not fit its type; what is wrong with one of the kernel's is of no weight while no program uses it.
 */
export function fillKconfig(spec: CollectionSpec, sources: KconfigSources): FilledKconfig {
  const missing = new Map<string, string | undefined>();
  const map = spec.maps.find(({ section }) => section === ".kconfig");
  if (map?.contents === undefined) return { spec, missing };
  const contents = new Uint8Array(map.contents.length);
  for (const variable of kconfigVariables(spec)) {
    checkPlace(variable, contents.length);
    const bytes = bytesOf(spec, variable, sources, missing);
    if (bytes !== undefined) contents.set(bytes.subarray(0, variable.size), variable.offset);
  }
  const maps = spec.maps.map((each) => (each === map ? { ...map, contents } : each));
  return { spec: { ...spec, maps }, missing };
}

function bytesOf(
  spec: CollectionSpec,
  variable: VariableSpec,
  { given, own }: KconfigSources,
  missing: Map<string, string | undefined>,
): Uint8Array | undefined {
  const { name } = variable;
  const type = spec.btf === undefined ? undefined : kconfigType(spec.btf, variable.type);
  if (Object.hasOwn(given, name)) return givenBytes(name, type, given[name]!);
  const setting = own.get(name);
  if (type === undefined) missing.set(name, `its C type ${spec.btf?.nameOf(variable.type)} is none of a setting`);
  else if (setting === undefined) missing.set(name, undefined);
  else {
    try {
      return encodeSetting(type, setting);
    } catch (error) {
      missing.set(name, messageOf(error));
    }
  }
  return undefined;
}

function givenBytes(name: string, type: KconfigType | undefined, value: KconfigValue): Uint8Array {
  try {
    const setting = type && settingOf(value, type);
    if (setting === undefined) throw new EbpfError("BAD_VALUE", "its C type takes no such value");
    return encodeSetting(type!, setting);
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    throw new ValueError(`Cannot set the kernel's setting ${name}`, { variable: name }, error);
  }
}

function messageOf(error: unknown): string {
  if (error instanceof EbpfError) return error.message;
  throw error;
}
