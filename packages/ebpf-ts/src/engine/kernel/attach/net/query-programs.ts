import type { Sys } from "../../../../sys/ffi/sys.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { BpfAttr } from "../../../../uapi/structs.gen.ts";
import { Command } from "../../../../uapi/uapi.gen.ts";
import type { QueriedPrograms } from "../../../queried-programs.ts";
import { linkFailure, type LinkRefusals } from "../create-link.ts";

/** BPF_MPROG_MAX, BPF_CGROUP_MAX_PROGS. */
const mostPrograms = 64;

export interface QueriedPlace {
  /** A descriptor, or the number of an interface: the attach type decides. */
  readonly target: number;
  readonly attachType: number;
  /** The kernel tells of links there. */
  readonly hasLinkIds: boolean;
}

/** BPF_PROG_QUERY. Kernels write what they know, and leave the rest 0. */
export function queryPrograms(
  sys: Sys,
  { target, attachType, hasLinkIds }: QueriedPlace,
  action: string,
  refusals: LinkRefusals,
): QueriedPrograms {
  const [programs, links] = [new Uint32Array(mostPrograms), new Uint32Array(mostPrograms)];
  const query = new KernelStruct(BpfAttr.query, {
    target_fd: target,
    attach_type: attachType,
    prog_ids: programs,
    prog_cnt: mostPrograms,
    ...(hasLinkIds ? { link_ids: links } : {}),
    // Up to here the struct is theirs to write.
    revision: 0n,
  });
  const result = sys.bpf(Command.PROG_QUERY, query);
  if (result < 0) throw linkFailure(result, action, refusals);
  const { revision, prog_cnt: count } = query.values;
  return {
    revision: revision === 0n ? undefined : Number(revision),
    programs: Array.from(programs.subarray(0, count), (program, index) => {
      return { program, link: links[index] === 0 ? undefined : links[index] };
    }),
  };
}
