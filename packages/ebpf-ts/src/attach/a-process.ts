import { type Check, integer } from "../base/checks.ts";

const aNumber = integer(0, 0x7fff_ffff);

/** The number of a process. 0 is this one, and to leave it out means every process: libbpf has 0 and -1 for the two. */
export const aProcess: Check = (value, what) => {
  if (value === -1)
    throw new RangeError(`${what} must be the number of a process, not -1: leave it out for every process`);
  aNumber(value, what);
};
