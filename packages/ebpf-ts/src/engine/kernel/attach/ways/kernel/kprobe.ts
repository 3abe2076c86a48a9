import type { KprobeTarget } from "../../../../../attach/targets/kernel/kprobe.ts";
import { NotSupportedError } from "../../../../../base/errors.ts";
import { findProgramKind } from "../../../../../kinds/find-program-kind.ts";
import type { Attach } from "../../attachment.ts";
import { attachKprobeTo } from "../../kernel-functions/attach-kprobe.ts";

export const attachKprobe: Attach<KprobeTarget> = async (request) => {
  const { spec, target, action } = request;
  const { symbol, offset = 0, returns = findProgramKind(spec.kind)?.atReturn === true, cookie } = target;
  if (returns && offset !== 0) {
    const why = "a function returns as a whole, leave the offset away";
    throw new NotSupportedError("kretprobe with an offset", `Cannot ${action} to ${symbol}+${offset}: ${why}`);
  }
  return attachKprobeTo(request, { symbols: [symbol], offset, returns, cookie });
};
