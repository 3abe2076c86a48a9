import type { AttachOrder } from "./order.ts";
import type { CgroupTarget } from "./targets/net/cgroup.ts";
import type { NetkitTarget } from "./targets/net/netkit.ts";
import type { TcTarget } from "./targets/net/tc.ts";

/** Where the kernel tells what is attached: a target of `attach()`, without what says how. */
export type QueriedTarget =
  | Omit<CgroupTarget, keyof AttachOrder>
  | Omit<NetkitTarget, keyof AttachOrder>
  | Omit<TcTarget, keyof AttachOrder | "priority" | "handle">;

export const queriedKinds: readonly QueriedTarget["kind"][] = ["cgroup", "netkit", "tc"];

/** Options that say how something is attached, and not where. */
const how: readonly string[] = ["before", "after", "revision", "priority", "handle"] satisfies (
  | keyof AttachOrder
  | "priority"
  | "handle"
)[];

export function saysHow(option: string): boolean {
  return how.includes(option);
}
