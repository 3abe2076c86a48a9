import { type LinkKind, toldByFields } from "../link-kind.ts";

export const tracingLink: LinkKind = toldByFields(false, () => ({}));
