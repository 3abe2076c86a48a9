import { readIfThere } from "../../host/system-files.ts";

/**
 * Whether the running kernel calls itself older than `5.7`, say. Distributions bring features back to older ones: so it explains a refusal, and is
 * no reason not to ask.
 */
export function isKernelBefore(version: string): boolean {
  const release = readIfThere("/proc/sys/kernel/osrelease");
  if (release === undefined) return false;
  const [major = 0, minor = 0] = release.split(".").map((part) => Number.parseInt(part, 10));
  const [atLeast = 0, orMinor = 0] = version.split(".").map(Number);
  return major < atLeast || (major === atLeast && minor < orMinor);
}
