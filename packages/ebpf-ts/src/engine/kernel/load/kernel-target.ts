import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { nearName } from "../../../base/near-name.ts";
import { stringsOf } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { moduleIn } from "../../../attach/module-in.ts";
import { findProgramKind, sectionUsage } from "../../../kinds/find-program-kind.ts";
import type { KernelTypeName, ProgramKind } from "../../../kinds/program-kind.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfProgInfo } from "../../../uapi/structs.gen.ts";
import { btfById } from "../map/map-types.ts";
import { objectInfo } from "../object-info.ts";
import type { KernelTypes } from "./kernel-types.ts";

/** What a program attaches to, where the verifier wants to know it. */
export interface KernelTarget {
  /** `attach_btf_id`; 0 for programs that attach anywhere. */
  readonly typeId: number;
  /** `attach_btf_obj_fd` of a module's function, `attach_prog_fd` of another program's; undefined for the kernel itself. */
  readonly object?: number | undefined;
  /** `expected_attach_type`, where that is nothing that its section says: the index of a member, for struct_ops. */
  readonly attachType?: number | undefined;
}

/** A function of a program that is loaded. */
export interface LoadedFunction {
  readonly program: { readonly fd: number };
  readonly function: string;
}

/** Looks in the kernel's types, in those of its modules, or in those of the program that was told. */
export async function kernelTarget(
  sys: Sys,
  program: ProgramSpec,
  types: KernelTypes,
  told: LoadedFunction | undefined,
): Promise<KernelTarget> {
  if (told !== undefined) return inProgram(sys, program, told);
  const row = findProgramKind(program.kind);
  if (row?.place === "freplace") throw withoutProgram(program);
  if (row?.place === "fentry_multi") return inModule(program, types);
  const name = row?.kernelType;
  if (row === undefined || name === undefined) return { typeId: 0 };
  if (program.attachTo === "") throw withoutTarget(program, row, name);
  return inKernel(program, name, types);
}

/** `module:function` names the module too. */
async function inKernel(program: ProgramSpec, name: KernelTypeName, types: KernelTypes): Promise<KernelTarget> {
  const kernel = await types.own();
  const [first = "", ...rest] = program.attachTo.split(":");
  const [moduleName, wanted] = rest.length === 0 ? [undefined, first] : [first, rest.join(":")];
  const own = moduleName === undefined || moduleName === "vmlinux" ? idOf(kernel, name, wanted) : undefined;
  if (own !== undefined) return { typeId: own };
  for (const module of moduleName === "vmlinux" ? [] : types.modules(kernel)) {
    if (moduleName !== undefined && module.name !== moduleName) continue;
    const typeId = idOf(module.btf, name, wanted);
    if (typeId !== undefined) return { typeId, object: types.descriptorOf(module).fd };
  }
  const near = nearInKernel(kernel, name, wanted);
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot load program ${program.name}: this kernel has no ${name.what} ${program.attachTo}${near === undefined ? "" : `, did you mean ${near}?`}`,
  );
}

/** A program for many functions is loaded for the kernel's own, or for those of the module that `module:pattern` names. */
async function inModule({ name, attachTo }: ProgramSpec, types: KernelTypes): Promise<KernelTarget> {
  const wanted = moduleIn(attachTo);
  if (wanted === undefined) return { typeId: 0 };
  const module = types.modules(await types.own()).find((each) => each.name === wanted);
  if (module !== undefined) return { typeId: 0, object: types.descriptorOf(module).fd };
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot load program ${name}: this kernel has loaded no module ${wanted} with types`,
  );
}

function idOf(btf: Btf, { prefix, kind }: KernelTypeName, name: string): number | undefined {
  return btf.find(prefix + name, kind)[0]?.id;
}

async function inProgram(sys: Sys, { name }: ProgramSpec, told: LoadedFunction): Promise<KernelTarget> {
  const { btf_id } = objectInfo(sys, told.program, BpfProgInfo, "a program's properties");
  const btf = btf_id === 0 ? undefined : await btfById(sys, btf_id);
  if (btf === undefined)
    throw new NotSupportedError(
      "target",
      `Cannot load program ${name}: the program that it attaches to was loaded without types, or this process may not see them (CAP_SYS_ADMIN)`,
    );
  const found = btf.find(told.function, "func")[0];
  if (found !== undefined) return { typeId: found.id, object: told.program.fd };
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot load program ${name}: the program that it attaches to has no function ${told.function}`,
  );
}

function withoutTarget({ name }: ProgramSpec, row: ProgramKind, { what }: KernelTypeName): EbpfError {
  const usage = `write SEC("${sectionUsage(row)}"), or give load() programs: { ${name}: { target: "…" } }`;
  return new EbpfError("NOT_FOUND", `Cannot load program ${name}: its section does not name the ${what}: ${usage}`);
}

function withoutProgram({ name }: ProgramSpec): EbpfError {
  const usage = `give load() programs: { ${name}: { target: { program, function: "…" } } }`;
  return new EbpfError("NOT_FOUND", `Cannot load program ${name}: it replaces a function of another program: ${usage}`);
}

/** Of the texts in the table that are about as long, and begin or end alike: there are a hundred thousand. */
function nearInKernel(btf: Btf, name: KernelTypeName, wanted: string): string | undefined {
  const texts = new TextDecoder().decode(stringsOf(btf)).split("\0");
  const isNear = (text: string): boolean =>
    Math.abs(text.length - wanted.length) <= 2 &&
    (text.slice(0, 3) === wanted.slice(0, 3) || text.slice(-3) === wanted.slice(-3));
  const likely = texts
    .filter((text) => text.startsWith(name.prefix))
    .map((text) => text.slice(name.prefix.length))
    .filter((text) => isNear(text) && idOf(btf, name, text) !== undefined);
  return nearName(wanted, likely);
}
