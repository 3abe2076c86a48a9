import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import type { LinkDetails, LinkKind } from "../link-kind.ts";

const hooks = {
  [attachTypeName(AttachType.SK_SKB_STREAM_PARSER)]: "stream_parser",
  [attachTypeName(AttachType.SK_SKB_STREAM_VERDICT)]: "stream_verdict",
  [attachTypeName(AttachType.SK_SKB_VERDICT)]: "verdict",
} as const;

const details: LinkDetails = {
  read: ({ sockmap }) => ({ mapId: sockmap.map_id, attachType: attachTypeName(sockmap.attach_type) }),
  target({ mapId, attachType }) {
    if (mapId === 0) return undefined;
    const hook = hooks[String(attachType)];
    return { kind: "sockmap", map: Number(mapId), ...(hook === undefined ? {} : { hook }) };
  },
};

export const sockmapLink: LinkKind = { canUpdate: true, detailsOf: () => details };
