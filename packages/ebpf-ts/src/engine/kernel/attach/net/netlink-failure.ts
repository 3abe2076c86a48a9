import type { EbpfError } from "../../../../base/errors.ts";
import type { NetlinkAnswer } from "../../../../sys/net/netlink.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { failure } from "../../failure.ts";
import { mayChangeNetworks } from "../../privilege.ts";

/** The error for what the kernel refused, in its own words unless `meaning` is given. `action` follows "Cannot". */
export function netlinkFailure({ result, why }: NetlinkAnswer, action: string, meaning?: string): EbpfError {
  if (result === -Errno.EPERM && !mayChangeNetworks())
    return failure(result, action, "netlink", "it takes root, or CAP_NET_ADMIN beside CAP_BPF");
  return failure(result, action, "netlink", meaning ?? (why === undefined ? undefined : `the kernel says: ${why}`));
}
