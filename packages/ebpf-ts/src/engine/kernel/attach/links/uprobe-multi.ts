import { type LinkKind, toldByFields } from "../link-kind.ts";

export const uprobeMultiLink: LinkKind = toldByFields(false, () => ({}));
