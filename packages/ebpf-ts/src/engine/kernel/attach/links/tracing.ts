import { attachTypeName } from "../../../../uapi/type-names.ts";
import { cookieDetail } from "../cookie-detail.ts";
import { type LinkKind, toldByFields } from "../link-kind.ts";

/** Of what is attached to: `targetType` is its type in the BTF `targetBtf`, both by the kernel's numbers (Linux 5.13). */
export const tracingLink: LinkKind = toldByFields(false, ({ tracing }) => ({
  attachType: attachTypeName(tracing.attach_type),
  ...(tracing.target_btf_id === 0 ? {} : { targetBtf: tracing.target_obj_id, targetType: tracing.target_btf_id }),
  ...cookieDetail(tracing.cookie),
}));
