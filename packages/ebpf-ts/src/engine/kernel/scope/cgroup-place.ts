import { NotSupportedError } from "../../../base/errors.ts";
import { cgroupAbove, cgroupId } from "../../../host/cgroup/cgroup-files.ts";
import { HelperId } from "../../../uapi/uapi.gen.ts";
import type { Instruction } from "../../../insn/instruction.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { ContextRun } from "../run/run-context.ts";
import { failure } from "../failure.ts";
import { CodeBuilder } from "./code-builder.ts";
import { loadOwn } from "./own-program.ts";
import type { CgroupPlace } from "./prologue.ts";

/** The kernel nests them up to `cgroup.max.depth`, which nobody sets; systemd and containers take some ten. */
const mostLevels = 64;

/**
 * Where a cgroup stands, for bpf_get_current_ancestor_cgroup_id. Levels count from the root of the system's hierarchy, which a process in
 * a namespace does not see: so a program is run for this process, and says on which level the nearest ancestor stands that both have.
 */
export async function placeOfCgroup(sys: Sys, folder: string): Promise<CgroupPlace> {
  const id = cgroupId(folder);
  let below = 0;
  for (let at: string | undefined = folder; at !== undefined; at = cgroupAbove(at), below += 1) {
    const level = await ownLevel(sys, at === folder ? id : cgroupId(at));
    if (level !== undefined) return { id, level: level + below };
  }
  throw new NotSupportedError(
    "cgroup",
    `Cannot tell the events of the cgroup ${folder}: it has no ancestor that this process is in`,
  );
}

/** The level of a cgroup that this process is in, or below; undefined when it is in another. BPF_PROG_TEST_RUN of such programs is Linux 5.10. */
async function ownLevel(sys: Sys, id: bigint): Promise<number | undefined> {
  const program = await loadOwn(sys, { name: "cgroup_level", instructions: levelOf(id) });
  try {
    const run = new ContextRun(sys, 0);
    const result = run.run(program.fd, undefined, undefined);
    if (result < 0) throw failure(result, "find out in which cgroup this process is", "bpf");
    return run.returnValue < mostLevels ? run.returnValue : undefined;
  } finally {
    program.close();
  }
}

function levelOf(id: bigint): Instruction[] {
  const code = new CodeBuilder().set64(6, id);
  for (let level = 0; level < mostLevels; level += 1) {
    code.set(7, level).copy(1, 7).call(HelperId.get_current_ancestor_cgroup_id).jumpIfRegister(0, "==", 6, "found");
  }
  return code.leave(mostLevels).label("found").copy(0, 7).exit().finish();
}
