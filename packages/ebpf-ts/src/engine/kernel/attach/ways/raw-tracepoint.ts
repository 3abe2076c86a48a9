import type { RawTracepointTarget } from "../../../../attach/targets/raw-tracepoint.ts";
import { EbpfError } from "../../../../base/errors.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { failure } from "../../failure.ts";
import type { Attach } from "../attachment.ts";
import { nearTracepoint } from "../trace-folder.ts";
import { openRawTracepoint, refuseOldCookie } from "../open-raw-tracepoint.ts";

export const attachRawTracepoint: Attach<RawTracepointTarget> = async (request) => {
  const { action, target } = request;
  const link = openRawTracepoint(request, target.name, target.cookie);
  if (typeof link !== "number") return { parts: [{ link }] };
  if (link === -Errno.ENOENT) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot ${action}: this kernel has no tracepoint ${target.name}${nearTracepoint(target.name)}`,
    );
  }
  refuseOldCookie(link, action, target.cookie);
  const tooMany = `it reads more arguments than tracepoint ${target.name} has`;
  throw failure(link, action, "bpf", link === -Errno.EINVAL ? tooMany : undefined);
};
