import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { publishFinding } from "../../../../host/reporters.ts";
import type { Assembler } from "../../../../spec/assemble.ts";
import { fillKconfig, kconfigVariables } from "../../../../spec/fill-kconfig.ts";
import type { KconfigValue } from "../../../../spec/kconfig-value.ts";
import type { CollectionSpec, ExternReference } from "../../../../spec/types.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { kernelBtf } from "../kernel-btf.ts";
import { KernelExterns, type KernelSymbol } from "./kernel-externs.ts";
import { findAddresses } from "./kernel-addresses.ts";
import { kernelSettings } from "./kernel-settings.ts";
import { findTyped } from "./typed-symbols.ts";

/**
 * Looks in the running kernel for all that an object wants of it: settings, and the symbols that the programs refer to which are
 * to be loaded. What is not there is no failure yet. Throws BAD_VALUE for a setting in `given` that does not fit.
 */
export async function findExterns(
  sys: Sys,
  spec: CollectionSpec,
  assembler: Assembler,
  given: Readonly<Record<string, KconfigValue>>,
): Promise<KernelExterns> {
  const wanted = kconfigVariables(spec).filter(({ name }) => !Object.hasOwn(given, name));
  const settings = await kernelSettings(sys, new Set(wanted.map(({ name }) => name)));
  const filled = fillKconfig(spec, { given, own: settings.known });
  const externs = new KernelExterns(filled, settings.unread, await findSymbols(spec, assembler));
  if (settings.unread !== undefined && wanted.length > 0)
    publishFinding(`The kernel's configuration is not known (${settings.unread}): its weak settings are 0`);
  return externs;
}

async function findSymbols(spec: CollectionSpec, assembler: Assembler): Promise<Map<string, KernelSymbol>> {
  const references = symbolReferences(spec, assembler);
  const untyped = references.filter(({ type }) => type === 0);
  const typed = references.filter(({ type }) => type !== 0);
  const found = new Map<string, KernelSymbol>();
  const find = async (wanted: readonly ExternReference[], how: () => Promise<void>): Promise<void> => {
    if (wanted.length === 0) return;
    try {
      await how();
    } catch (error) {
      if (!(error instanceof NotSupportedError)) throw error;
      for (const { name } of wanted) found.set(name, { kind: "unknown", error });
    }
  };
  await find(untyped, async () => {
    const addresses = await findAddresses(new Set(untyped.map(({ name }) => name)));
    for (const [name, address] of addresses)
      found.set(name, typeof address === "bigint" ? { kind: "address", address } : { kind: address });
  });
  await find(typed, async () => {
    const kernel = await kernelBtf();
    for (const reference of typed) {
      const symbol = findTyped(spec.btf!, kernel, reference);
      if (symbol !== undefined)
        found.set(reference.name, symbol === "other" ? { kind: "other" } : { kind: "typed", id: symbol });
    }
  });
  return found;
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
