import { KprobeMultiFlag } from "../../../../uapi/uapi.gen.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";

/** Since Linux 6.6. */
export const kprobeMultiLink: LinkKind = toldByFields(false, ({ kprobe_multi: { count, flags, missed } }) =>
  count === 0
    ? {}
    : { functions: count, missed: Number(missed), at: flags === KprobeMultiFlag.RETURN ? "return" : "entry" },
);
