import { EbpfError } from "../../../../base/errors.ts";
import { importHost } from "../../../../host/import-host.ts";
import { publishFinding } from "../../../../host/reporters.ts";
import type { Assembler } from "../../../../spec/assembly/assembler.ts";
import { fillKconfig, kconfigVariables } from "../../../../spec/fill-kconfig.ts";
import type { KconfigValue } from "../../../../spec/kconfig-value.ts";
import type { CollectionSpec, ExternReference } from "../../../../spec/types.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import type { KernelTypes } from "../kernel-types.ts";
import { KernelExterns } from "./kernel-externs.ts";
import type * as LookUp from "./look-up.ts";

/**
 * Looks in the running kernel for all that an object wants of it: settings, and the symbols that the programs refer to which are
 * to be loaded. What is not there is no failure yet. Throws BAD_VALUE for a setting in `given` that does not fit.
 */
export async function findExterns(
  sys: Sys,
  spec: CollectionSpec,
  assembler: Assembler,
  given: Readonly<Record<string, KconfigValue>>,
  types: KernelTypes,
): Promise<KernelExterns> {
  const wanted = kconfigVariables(spec).filter(({ name }) => !Object.hasOwn(given, name));
  const references = symbolReferences(spec, assembler);
  if (wanted.length === 0 && references.length === 0)
    return new KernelExterns(fillKconfig(spec, { given, own: new Map() }), undefined, new Map());
  const { findSymbols, kernelSettings } = await importLookUp();
  const settings = await kernelSettings(sys, new Set(wanted.map(({ name }) => name)));
  const filled = fillKconfig(spec, { given, own: settings.known });
  const externs = new KernelExterns(filled, settings.unread, await findSymbols(spec, references, types));
  if (settings.unread !== undefined && wanted.length > 0)
    publishFinding(`The kernel's configuration is not known (${settings.unread}): its weak settings are 0`);
  return externs;
}

/** Most objects want nothing of the kernel that stands in its tables. */
function importLookUp(): Promise<typeof LookUp> {
  return importHost("what reads the kernel's tables", () => import("./look-up.ts"));
}

/** Of what is to be loaded; one for each name. */
function symbolReferences(spec: CollectionSpec, assembler: Assembler): readonly ExternReference[] {
  const references = new Map<string, ExternReference>();
  for (const fn of assembler.reach(spec.programs.filter(({ autoload }) => autoload))) {
    for (const reference of fn.references) {
      if (reference.kind !== "extern" || reference.section !== ".ksyms") continue;
      if (reference.type !== 0 && spec.btf === undefined) throw withoutTypes(reference);
      references.set(reference.name, reference);
    }
  }
  return [...references.values()];
}

/** A spec may have been edited. */
function withoutTypes({ name }: ExternReference): EbpfError {
  return new EbpfError("BAD_OBJECT", `Cannot load the object: ${name} has a type, and the object has no BTF`);
}
