import { NotSupportedError } from "../../../../base/errors.ts";
import type { CollectionSpec, ExternReference } from "../../../../spec/types.ts";
import type { Btf } from "../../../../btf/types.ts";
import type { KernelTypes } from "../kernel-types.ts";
import { findAddresses } from "./kernel-addresses.ts";
import type { KernelSymbol } from "./kernel-externs.ts";
import { findTyped } from "./typed-symbols.ts";

export { kernelSettings } from "./kernel-settings.ts";

/** The symbols that are referred to, by name, as far as the running kernel tells of them. */
export async function findSymbols(
  spec: CollectionSpec,
  references: readonly ExternReference[],
  types: KernelTypes,
): Promise<Map<string, KernelSymbol>> {
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
    const kernel = await types.own();
    for (const reference of typed) {
      const symbol = typedSymbol(spec.btf!, kernel, types, reference);
      if (symbol !== undefined) found.set(reference.name, symbol);
    }
  });
  return found;
}

/** In the kernel itself, else in the first module that has it. */
function typedSymbol(
  local: Btf,
  kernel: Btf,
  types: KernelTypes,
  reference: ExternReference,
): KernelSymbol | undefined {
  const own = findTyped(local, kernel, reference);
  if (own !== undefined) return own === "other" ? { kind: "other" } : { kind: "typed", id: own };
  for (const module of types.modules(kernel)) {
    const id = findTyped(local, module.btf, reference);
    if (id === undefined) continue;
    if (id === "other") return { kind: "other" };
    // Who may not open the module's types does without what he can do without.
    if (module.id === undefined && reference.weak) return undefined;
    return { kind: "typed", id, module: { name: module.name, fd: types.descriptorOf(module).fd } };
  }
  return undefined;
}
