import type { Btf, BtfKind } from "../../../btf/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import { AttachType, ProgType } from "../../../uapi/uapi.gen.ts";
import { kernelBtf } from "./kernel-btf.ts";

/** How the kernel's types name what a program attaches to, by its attach type. */
interface Naming {
  readonly prefix: string;
  readonly kind: BtfKind;
  readonly what: string;
}

const namings: ReadonlyMap<number, Naming> = new Map([
  [AttachType.TRACE_RAW_TP, { prefix: "btf_trace_", kind: "typedef", what: "tracepoint" }],
  [AttachType.TRACE_ITER, { prefix: "bpf_iter_", kind: "func", what: "iterator" }],
  [AttachType.LSM_MAC, { prefix: "bpf_lsm_", kind: "func", what: "LSM hook" }],
  [AttachType.LSM_CGROUP, { prefix: "bpf_lsm_", kind: "func", what: "LSM hook" }],
  [AttachType.TRACE_FENTRY, { prefix: "", kind: "func", what: "function" }],
  [AttachType.TRACE_FEXIT, { prefix: "", kind: "func", what: "function" }],
  [AttachType.MODIFY_RETURN, { prefix: "", kind: "func", what: "function" }],
]);

/** `attach_btf_id`: the type of what the program attaches to, which the verifier needs to know; 0 for other programs. */
export async function attachTarget(program: ProgramSpec): Promise<number> {
  if (program.type !== ProgType.TRACING && program.type !== ProgType.LSM) return 0;
  const naming = namings.get(program.attachType ?? -1);
  if (naming === undefined || program.attachTo === "") return 0;
  return find(await kernelBtf(), program, naming);
}

function find(btf: Btf, program: ProgramSpec, naming: Naming): number {
  const found = btf.find(naming.prefix + program.attachTo, naming.kind)[0];
  if (found !== undefined) return found.id;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot load program ${program.name}: this kernel has no ${naming.what} ${program.attachTo}`,
  );
}
