import { Errno } from "../../../uapi/errno.ts";
import { PerfOutputFlag } from "../../../uapi/uapi.gen.ts";
import { u32, type HelperGroup } from "./helper.ts";

const indexMask = BigInt(PerfOutputFlag.INDEX_MASK);

export const perfHelpers: HelperGroup = {
  /** The bits above the index say how much of a packet is to follow: there are none here, as for all programs but those of sockets. */
  perf_event_output(run, context, handle, flags, data, size) {
    const map = run.map(handle);
    if (map.perf === undefined)
      return run.fault(`gave bpf_perf_event_output the map ${map.image.name}, which is no perf event array`);
    if (context !== BigInt(run.cpu.context.start))
      return run.fault("gave bpf_perf_event_output something that is not its context");
    const payload = run.readable(data, Number(size));
    if ((flags & ~indexMask) !== 0n) return BigInt(-Errno.EINVAL);
    const slot = flags === indexMask ? run.cpu.index : u32(flags);
    return BigInt(map.perf.output(slot, run.cpu.index, payload));
  },
};
