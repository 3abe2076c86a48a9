import { EbpfError } from "../../../base/errors.ts";
import { essentialName } from "../../../btf/core/relocation-kind.ts";
import { MapFlag, MapType } from "../../../uapi/uapi.gen.ts";
import type { CollectionSpec, MapSpec, ProgramSpec } from "../../../spec/types.ts";
import type { KernelTarget } from "../load/kernel-target.ts";
import type { KernelTypes } from "../load/kernel-types.ts";
import { findKernelOps } from "./kernel-ops.ts";
import { layOutOps, type OpsLayout, type OpsProgram } from "./lay-out-ops.ts";

/** The operations of the kernel that an object implements, and what its programs are of them. */
export class OpsPlan {
  readonly #layouts: ReadonlyMap<string, OpsLayout>;
  readonly #types: KernelTypes;

  private constructor(layouts: ReadonlyMap<string, OpsLayout>, types: KernelTypes) {
    this.#layouts = layouts;
    this.#types = types;
  }

  /** Reads the kernel's types where there are such maps to be made. */
  static async make(spec: CollectionSpec, types: KernelTypes): Promise<OpsPlan> {
    const layouts = new Map<string, OpsLayout>();
    for (const map of spec.maps)
      if (isOps(map) && map.autoload !== false) layouts.set(map.name, await layOut(spec, map, types));
    return new OpsPlan(layouts, types);
  }

  layoutOf(map: string): OpsLayout | undefined {
    return this.#layouts.get(map);
  }

  /** Descriptor of the types of the module that has a struct; undefined for the kernel itself. */
  moduleOf({ kernel }: OpsLayout): number | undefined {
    return kernel.module === undefined ? undefined : this.#types.descriptorOf(kernel.module).fd;
  }

  /** What the verifier is told of a program: it is the same member wherever it is one. */
  targetOf({ name }: ProgramSpec): KernelTarget {
    const uses = [...this.#layouts.values()].flatMap((layout) =>
      layout.programs.filter(({ program }) => program === name).map((use) => ({ layout, use })),
    );
    const [first, ...others] = uses;
    if (first === undefined) throw unused(name);
    for (const { layout, use } of others)
      if (layout.kernel.type !== first.layout.kernel.type || use.member !== first.use.member)
        throw usedTwice(name, memberOf(first.layout, first.use), memberOf(layout, use));
    const { layout, use } = first;
    return { typeId: layout.kernel.type.id, attachType: use.member, object: this.moduleOf(layout) };
  }
}

export function isOps({ type }: Pick<MapSpec, "type">): boolean {
  return type === MapType.STRUCT_OPS;
}

async function layOut({ btf, programs }: CollectionSpec, map: MapSpec, types: KernelTypes): Promise<OpsLayout> {
  const type = btf === undefined || map.valueType === 0 ? undefined : btf.resolve(map.valueType);
  if (btf === undefined || type?.kind !== "struct" || map.contents === undefined)
    throw new EbpfError(
      "BAD_OBJECT",
      `Cannot load map ${map.name}: it is of struct_ops, and these are variables of section .struct_ops or .struct_ops.link, whose types say what they are`,
    );
  refuseShape(map);
  const ops = map.ops ?? [];
  for (const { member, program } of ops) {
    if (ops.filter((each) => each.member === member).length > 1)
      throw new EbpfError(
        "BAD_OBJECT",
        `Cannot load map ${map.name}: its member ${member} stands twice in ops, and is one program`,
      );
    if (!type.members.some(({ name }) => name === member))
      throw new EbpfError(
        "BAD_OBJECT",
        `Cannot load map ${map.name}: its member ${member} is program ${program}, and struct ${type.name} has no such member`,
      );
    const found = programs.find(({ name }) => name === program);
    if (found === undefined)
      throw new EbpfError(
        "NOT_FOUND",
        `Cannot load map ${map.name}: its member ${member} is ${program}, and there is no such program`,
      );
  }
  return layOutOps(map, btf, type, await findKernelOps(essentialName(type.name), types, `load map ${map.name}`));
}

/** What the kernel would call EINVAL, whatever the struct is. */
function refuseShape({ name, keySize, maxEntries, flags, numaNode, mapExtra }: MapSpec): void {
  const wrong =
    keySize !== 4
      ? `its keys have ${keySize} bytes, and those of struct_ops have 4`
      : maxEntries !== 1
        ? `it has ${maxEntries} entries, and those of struct_ops have 1`
        : (flags & ~MapFlag.LINK) !== 0
          ? `its flags are ${flags}, and those of struct_ops have BPF_F_LINK (${MapFlag.LINK}) or none`
          : numaNode !== undefined
            ? "it is of a NUMA node, and those of struct_ops are not"
            : mapExtra !== 0n
              ? `its map_extra is ${mapExtra}, and those of struct_ops have none`
              : undefined;
  if (wrong !== undefined) throw new EbpfError("BAD_OBJECT", `Cannot load map ${name}: ${wrong}`);
}

function memberOf({ kernel }: OpsLayout, { member }: OpsProgram): string {
  return `${kernel.type.name}.${kernel.type.members[member]!.name}`;
}

function unused(name: string): EbpfError {
  return new EbpfError(
    "BAD_OBJECT",
    `Cannot load program ${name}: no variable of section .struct_ops has it as a member, and the verifier checks it as one`,
  );
}

function usedTwice(name: string, first: string, second: string): EbpfError {
  return new EbpfError(
    "BAD_OBJECT",
    `Cannot load program ${name}: it is both ${first} and ${second}, and the verifier checks a program as one of them: write two`,
  );
}
