import type { TpBtfTarget } from "../../../../attach/targets/tp-btf.ts";
import { failure } from "../../failure.ts";
import type { Attach } from "../attachment.ts";
import { openRawTracepoint, refuseOldCookie } from "../open-raw-tracepoint.ts";

/** To the tracepoint that the verifier was told of. */
export const attachTpBtf: Attach<TpBtfTarget> = async (request) => {
  const { cookie } = request.target;
  const link = openRawTracepoint(request, undefined, cookie);
  if (typeof link !== "number") return { parts: [{ link }] };
  refuseOldCookie(link, request.action, cookie);
  throw failure(link, request.action, "bpf");
};
