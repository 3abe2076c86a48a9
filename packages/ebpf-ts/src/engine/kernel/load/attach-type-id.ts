import type { Btf } from "../../../btf/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import { nearName } from "../../../base/near-name.ts";
import { findProgramKind } from "../../../kinds/find-program-kind.ts";
import type { KernelTypeName } from "../../../kinds/program-kind.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import { kernelBtf } from "./kernel-btf.ts";

/** `attach_btf_id`: the type of what the program attaches to, which the verifier needs to know; 0 for other programs. */
export async function attachTypeId(program: ProgramSpec): Promise<number> {
  const name = findProgramKind(program.kind)?.kernelType;
  if (name === undefined || program.attachTo === "") return 0;
  return find(await kernelBtf(), program, name);
}

function find(btf: Btf, { name, attachTo }: ProgramSpec, type: KernelTypeName): number {
  const found = btf.find(type.prefix + attachTo, type.kind)[0];
  if (found !== undefined) return found.id;
  const near = nearName(attachTo, namesOf(btf, type));
  const hint = near === undefined ? "" : `, did you mean ${near}?`;
  throw new EbpfError("NOT_FOUND", `Cannot load program ${name}: this kernel has no ${type.what} ${attachTo}${hint}`);
}

/** All that such programs can attach to, without the prefix. */
function namesOf(btf: Btf, { prefix, kind }: KernelTypeName): string[] {
  const names: string[] = [];
  for (let id = 1; id < btf.length; id += 1) {
    const type = btf.type(id);
    if (type.kind === kind && type.name.startsWith(prefix)) names.push(type.name.slice(prefix.length));
  }
  return names;
}
