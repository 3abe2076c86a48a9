import type { Btf } from "../../../btf/types.ts";
import { EbpfError } from "../../../base/errors.ts";
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

function find(btf: Btf, program: ProgramSpec, { prefix, kind, what }: KernelTypeName): number {
  const found = btf.find(prefix + program.attachTo, kind)[0];
  if (found !== undefined) return found.id;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot load program ${program.name}: this kernel has no ${what} ${program.attachTo}`,
  );
}
