import { type LinkKind, toldByFields } from "../link-kind.ts";

export const kprobeMultiLink: LinkKind = toldByFields(false, () => ({}));
