import type { Sys } from "../../../../sys/ffi/sys.ts";
import type { LinkInfo } from "../../../link.ts";

/** Index and, where it is in this network namespace, name; the kernel says 0 of an interface that is gone. */
export function interfaceDetails(sys: Sys, ifindex: number): LinkInfo["details"] {
  const name = ifindex === 0 ? undefined : sys.interfaceName(ifindex);
  return name === undefined ? { ifindex } : { interface: name, ifindex };
}
