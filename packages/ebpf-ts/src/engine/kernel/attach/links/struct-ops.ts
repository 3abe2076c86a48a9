import { type LinkKind, toldByFields } from "../link-kind.ts";

/** The map whose operations it keeps registered (Linux 6.4). */
export const structOpsLink: LinkKind = toldByFields(true, ({ struct_ops }) => ({ mapId: struct_ops.map_id }));
