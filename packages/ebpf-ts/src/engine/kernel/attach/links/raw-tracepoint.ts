import { ProgType } from "../../../../uapi/uapi.gen.ts";
import { cookieDetail } from "../cookie-detail.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";

const details: LinkDetails = {
  ask: (name) => ({ raw_tracepoint: { tp_name: name, tp_name_len: name.length } }),
  read: ({ raw_tracepoint: { cookie } }, tracepoint) => ({ tracepoint, ...cookieDetail(cookie) }),
  target({ tracepoint }, programType) {
    if (programType === undefined) return undefined;
    return { kind: programType === ProgType.TRACING ? "tp_btf" : "raw_tracepoint", name: String(tracepoint) };
  },
};

export const rawTracepointLink: LinkKind = { canUpdate: false, detailsOf: () => details };
