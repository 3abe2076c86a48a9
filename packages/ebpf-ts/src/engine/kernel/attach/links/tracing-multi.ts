import { attachTypeName } from "../../../../uapi/type-names.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";

/** Where the kernel says how many functions they are, and in which BTF, by its number. */
export const tracingMultiLink: LinkKind = toldByFields(
  false,
  ({ tracing_multi: { attach_type, count, btf_obj_id } }) => ({
    attachType: attachTypeName(attach_type),
    functions: count,
    targetBtf: btf_obj_id,
  }),
);
