import { programTypeName } from "../../uapi/type-names.ts";
import { readIfThere } from "../../host/system-files.ts";

/** What the kernel tells of an object in the file of its descriptor alone (/proc/self/fdinfo); zeros where there is no /proc. */
export interface DescriptorFacts {
  readonly memory: number;
  readonly frozen: boolean;
  /** Of a map of programs that one has used: such programs alone can be in it (Linux 4.13). */
  readonly owner: MapOwner | undefined;
}

/** What programs in a map of programs are like: those that call them are as well. */
export interface MapOwner {
  /** BPF_PROG_TYPE_* */
  readonly programType: number;
  /** `xdp` for BPF_PROG_TYPE_XDP. */
  readonly programTypeName: string;
  readonly jited: boolean;
}

export function descriptorFacts({ fd }: { readonly fd: number }): DescriptorFacts {
  const text = readIfThere(`/proc/self/fdinfo/${fd}`) ?? "";
  const programType = numberOf(text, "owner_prog_type");
  const owner = {
    programType,
    programTypeName: programTypeName(programType),
    jited: numberOf(text, "owner_jited") === 1,
  };
  return {
    memory: numberOf(text, "memlock"),
    frozen: numberOf(text, "frozen") === 1,
    owner: programType === 0 ? undefined : owner,
  };
}

/** `memlock:\t4096` */
export function numberOf(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s*(\\d+)$`, "m").exec(text)?.[1] ?? 0);
}
