import type { NetfilterTarget } from "../../../../attach/targets/net/netfilter.ts";
import { NetfilterFamily, NetfilterHook } from "../../../../uapi/uapi.gen.ts";

export const families: Readonly<Record<NetfilterTarget["family"], number>> = {
  ipv4: NetfilterFamily.IPV4,
  ipv6: NetfilterFamily.IPV6,
};

export const hooks: Readonly<Record<NetfilterTarget["hook"], number>> = {
  prerouting: NetfilterHook.PRE_ROUTING,
  input: NetfilterHook.LOCAL_IN,
  forward: NetfilterHook.FORWARD,
  output: NetfilterHook.LOCAL_OUT,
  postrouting: NetfilterHook.POST_ROUTING,
};

/** BPF_F_NETFILTER_IP_DEFRAG */
export const IP_DEFRAG = 1;

export function nameOf<Name extends string>(names: Readonly<Record<Name, number>>, value: number): Name | undefined {
  return (Object.keys(names) as Name[]).find((name) => names[name] === value);
}
