import { homedir } from "node:os";
import { join } from "node:path";

/** Where this user's kernels are, and what was found out about this host. */
export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "ebpf-ts");
}
