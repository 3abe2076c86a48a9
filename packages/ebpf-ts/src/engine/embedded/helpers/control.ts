import { Errno } from "../../../uapi/errno.ts";
import { u32, type HelperGroup } from "./helper.ts";

/** BPF_MAX_LOOPS. */
const mostLoops = 1 << 23;
/** MAX_TAIL_CALL_CNT. */
const mostTailCalls = 33;

export const controlHelpers: HelperGroup = {
  loop(run, count, callback, context, flags) {
    const iterations = u32(count);
    if (flags !== 0n) return BigInt(-Errno.EINVAL);
    if (iterations > mostLoops) return BigInt(-Errno.E2BIG);
    for (let index = 0; index < iterations; index++) {
      if (run.callback(callback, BigInt(index), context) !== 0n) return BigInt(index + 1);
    }
    return BigInt(iterations);
  },

  /**
   * Goes on behind the call when there is no such program, or after 33 of them. In a subprogram it is that one's frame which goes
   * on. (In a callback the verifier of Linux 6.18 refuses it; here, the other program ends the callback.)
   */
  tail_call(run, _context, handle, index) {
    const map = run.map(handle);
    if (map.programAt === undefined)
      return run.fault(`gave bpf_tail_call the map ${map.image.name}, which is no prog array`);
    const slot = u32(index);
    const program = slot < map.image.maxEntries ? run.host.programs[map.programAt(slot)] : undefined;
    if (program === undefined || run.tailCalls >= mostTailCalls) return BigInt(-Errno.ENOENT);
    return program;
  },
};
