import { readIfThere } from "../../host/system-files.ts";
import { isRoot } from "../../host/this-process.ts";

const CAP_NET_ADMIN = 12n;
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;
const CAP_BPF = 39n;

/** Why the kernel may have answered EPERM, and what helps. */
export function missingPrivilege(): string {
  const missing = missingCapabilities();
  if (missing.length === 1)
    return `it has only one of CAP_BPF and CAP_PERFMON, and needs both: ${missing[0]} is missing`;
  if (missing.length > 0) return 'needs root or CAP_BPF and CAP_PERFMON, or use engine: "embedded"';
  if ((capabilities() & ((1n << CAP_NET_ADMIN) | (1n << CAP_SYS_ADMIN))) === 0n) {
    return "the kernel refuses it (EPERM): what is of networks takes CAP_NET_ADMIN beside CAP_BPF, and what is of the whole system CAP_SYS_ADMIN";
  }
  const lockdown = /\[(integrity|confidentiality)\]/.exec(readIfThere("/sys/kernel/security/lockdown") ?? "")?.[1];
  if (lockdown !== undefined) {
    return `the kernel refuses it in spite of the privilege (EPERM), for it is locked down to ${lockdown}`;
  }
  return "the kernel refuses it in spite of the privilege (EPERM): a container, a security module or lockdown may forbid it";
}

/** CAP_NET_ADMIN: networks are changed by those who have it, whatever else they may. */
export function mayChangeNetworks(): boolean {
  return (capabilities() & (1n << CAP_NET_ADMIN)) !== 0n;
}

/** CAP_BPF and CAP_PERFMON are Linux 5.8; CAP_SYS_ADMIN includes both. */
function missingCapabilities(): readonly string[] {
  const effective = capabilities();
  const has = (capability: bigint): boolean => (effective & (1n << capability)) !== 0n;
  if (has(CAP_SYS_ADMIN)) return [];
  return [...(has(CAP_BPF) ? [] : ["CAP_BPF"]), ...(has(CAP_PERFMON) ? [] : ["CAP_PERFMON"])];
}

/** Those in effect, a bit for each (capabilities(7)). */
function capabilities(): bigint {
  const text = /^CapEff:\s*([0-9a-f]+)$/m.exec(readIfThere("/proc/self/status") ?? "")?.[1];
  if (text !== undefined) return BigInt(`0x${text}`);
  return isRoot() ? ~0n : 0n;
}
