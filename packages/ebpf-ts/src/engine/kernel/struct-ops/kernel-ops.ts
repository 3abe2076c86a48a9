import { NotSupportedError } from "../../../base/errors.ts";
import type { Btf, BtfComposite } from "../../../btf/types.ts";
import type { KernelTypes, ModuleTypes } from "../load/kernel-types.ts";

/** What stands before the name of a struct of functions, in that of what a map of them holds. */
export const valuePrefix = "bpf_struct_ops_";

/** A struct of functions that the kernel, or a module, lets programs implement. Offsets are bytes. */
export interface KernelOps {
  readonly btf: Btf;
  /** Undefined for the kernel's own. */
  readonly module: ModuleTypes | undefined;
  /** `struct tcp_congestion_ops`. */
  readonly type: BtfComposite;
  /** `struct bpf_struct_ops_tcp_congestion_ops`: what is kept of them, and their members. */
  readonly value: BtfComposite;
  /** Where in `value` the members are. */
  readonly dataOffset: number;
}

/** Looks in the kernel's types, and then in those of its modules. `action` follows "Cannot". */
export async function findKernelOps(name: string, types: KernelTypes, action: string): Promise<KernelOps> {
  const own = await types.own();
  const found = opsIn(own, undefined, name) ?? firstOf(types.modules(own), (module) => opsIn(module.btf, module, name));
  if (found !== undefined) return found;
  const isStruct = own.find(name, "struct").length > 0;
  const why = isStruct
    ? `this kernel lets no program implement struct ${name}`
    : `this kernel has no struct ${name}, nor has a module that is loaded`;
  throw new NotSupportedError(`struct ${name}`, `Cannot ${action}: ${why}`);
}

function opsIn(btf: Btf, module: ModuleTypes | undefined, name: string): KernelOps | undefined {
  for (const value of btf.find(valuePrefix + name, "struct") as BtfComposite[]) {
    for (const { type: id, bitOffset } of value.members) {
      const type = btf.type(id);
      if (type.kind === "struct" && type.name === name)
        return { btf, module, type, value, dataOffset: Math.floor(bitOffset / 8) };
    }
  }
  return undefined;
}

function firstOf<T, Found>(list: readonly T[], find: (entry: T) => Found | undefined): Found | undefined {
  for (const entry of list) {
    const found = find(entry);
    if (found !== undefined) return found;
  }
  return undefined;
}
