import { NotSupportedError } from "../../../../base/errors.ts";
import type { CollectionSpec, ExternReference } from "../../../../spec/types.ts";
import { kernelBtf } from "../kernel-btf.ts";
import { findAddresses } from "./kernel-addresses.ts";
import type { KernelSymbol } from "./kernel-externs.ts";
import { findTyped } from "./typed-symbols.ts";

export { kernelSettings } from "./kernel-settings.ts";

/** The symbols that are referred to, by name, as far as the running kernel tells of them. */
export async function findSymbols(
  spec: CollectionSpec,
  references: readonly ExternReference[],
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
    const kernel = await kernelBtf();
    for (const reference of typed) {
      const symbol = findTyped(spec.btf!, kernel, reference);
      if (symbol !== undefined)
        found.set(reference.name, symbol === "other" ? { kind: "other" } : { kind: "typed", id: symbol });
    }
  });
  return found;
}
