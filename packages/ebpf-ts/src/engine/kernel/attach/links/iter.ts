import type { LinkDetails, LinkKind } from "../link-kind.ts";

const details: LinkDetails = {
  ask: (name) => ({ iter: { target_name: name, target_name_len: name.length } }),
  read: (_, target) => ({ target }),
};

export const iterLink: LinkKind = { canUpdate: true, detailsOf: () => details };
