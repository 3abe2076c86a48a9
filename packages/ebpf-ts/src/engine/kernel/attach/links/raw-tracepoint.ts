import { ProgType } from "../../../../uapi/uapi.gen.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";

const details: LinkDetails = {
  ask: (name) => ({ raw_tracepoint: { tp_name: name, tp_name_len: name.length } }),
  read: (_, tracepoint) => ({ tracepoint }),
  target({ tracepoint }, programType) {
    if (programType === undefined) return undefined;
    return { kind: programType === ProgType.TRACING ? "tp_btf" : "raw_tracepoint", name: String(tracepoint) };
  },
};

export const rawTracepointLink: LinkKind = { canUpdate: false, detailsOf: () => details };
