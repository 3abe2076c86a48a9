import { readIfThere } from "../../host/system-files.ts";
import { isRoot } from "../../host/this-process.ts";

/** Numbers of capabilities(7) that the kernel asks for. CAP_BPF and CAP_PERFMON are Linux 5.8. */
const numbers = {
  CAP_NET_ADMIN: 12n,
  CAP_SYS_ADMIN: 21n,
  CAP_PERFMON: 38n,
  CAP_BPF: 39n,
} as const;

export type Capability = keyof typeof numbers;

/** What there is where the kernel is not to be had. */
export const elsewhere: string = 'use engine: "embedded"';

const toTrace: readonly Capability[] = ["CAP_BPF", "CAP_PERFMON"];

/**
 * Why the kernel may have answered EPERM, as a part of a sentence. `told`: what it asks of who does that, unless he has CAP_SYS_ADMIN; undefined where
 * that is not known.
 */
export function missingPrivilege(told?: readonly Capability[]): string {
  if (inUserNamespace()) {
    return "capabilities of a user namespace do not count for it: it takes a BPF token of a bpf file system that delegates it (option token of load(), Linux 6.9)";
  }
  const needs = told ?? toTrace;
  const missing = missingOf(needs);
  if (missing.length === needs.length) {
    return isRoot()
      ? `needs ${needs.join(" and ")}, which root does not have here, as in most containers`
      : `needs root or ${needs.join(" and ")}`;
  }
  if (missing.length > 0) return `it takes ${needs.join(" and ")}, and ${missing.join(" and ")} is missing`;
  if (told === undefined && missingOf(["CAP_NET_ADMIN"]).length > 0) {
    return "the kernel refuses it (EPERM): what is of networks takes CAP_NET_ADMIN beside CAP_BPF, and what is of the whole system CAP_SYS_ADMIN";
  }
  const lockdown = /\[(integrity|confidentiality)\]/.exec(readIfThere("/sys/kernel/security/lockdown") ?? "")?.[1];
  if (lockdown !== undefined) {
    return `the kernel refuses it in spite of the privilege (EPERM), for it is locked down to ${lockdown}: take tracepoints or uprobes, or boot without lockdown=`;
  }
  return "the kernel refuses it in spite of the privilege (EPERM): a container, a security module or lockdown may forbid it";
}

/** Why what takes CAP_SYS_ADMIN was answered by EPERM; undefined for who has it. */
export function missingAdmin(): string | undefined {
  if (missingOf(["CAP_SYS_ADMIN"]).length === 0) return undefined;
  return isRoot() ? "it takes CAP_SYS_ADMIN, which root does not have here" : "it takes root, or CAP_SYS_ADMIN";
}

/** The same, and what there is instead, if anything, for who has nothing of what it takes. */
export function missingPrivilegeOr(instead: string, told?: readonly Capability[]): string {
  const needs = told ?? toTrace;
  const nothing = inUserNamespace() || missingOf(needs).length === needs.length;
  return `${missingPrivilege(told)}${nothing && instead !== "" ? `, or ${instead}` : ""}`;
}

/** Networks are changed by those who have it, whatever else they may. */
export function mayChangeNetworks(): boolean {
  return hasCapability("CAP_NET_ADMIN");
}

/** Of those, the ones that this process has not; CAP_SYS_ADMIN stands for each. */
export function missingOf(needs: readonly Capability[]): readonly Capability[] {
  return hasCapability("CAP_SYS_ADMIN") ? [] : needs.filter((each) => !hasCapability(each));
}

/**
 * Whether the capabilities of this process are those of a user namespace, by its map of users: that of the first one maps all of them to
 * themselves. Not to be found out again: threads keep a process in the one that it is in.
 */
export function inUserNamespace(): boolean {
  nested ??= !/^\s*0\s+0\s+4294967295\s*$/.test(readIfThere("/proc/self/uid_map") ?? "0 0 4294967295");
  return nested;
}

let nested: boolean | undefined;

/** Whether it is in effect. */
export function hasCapability(name: Capability): boolean {
  return (capabilities() & (1n << numbers[name])) !== 0n;
}

/** Those in effect, a bit for each (capabilities(7)). */
function capabilities(): bigint {
  const text = /^CapEff:\s*([0-9a-f]+)$/m.exec(readIfThere("/proc/self/status") ?? "")?.[1];
  if (inUserNamespace()) return 0n;
  if (text !== undefined) return BigInt(`0x${text}`);
  return isRoot() ? ~0n : 0n;
}
