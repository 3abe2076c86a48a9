import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const TRACING = "/sys/kernel/tracing";

/** Something that is given back at the end of a test. */
export interface Mounted {
  readonly path: string;
  unmount(): void;
}

/** tracefs at its place, mounted for the time of the test unless it is there already. */
export function mountTracefs(): Mounted {
  if (existsSync(`${TRACING}/events`)) return { path: TRACING, unmount: () => {} };
  // Its source is a name: scripts/run-tests.ts finds by it what was left behind.
  execFileSync("mount", ["-t", "tracefs", process.env["EBPF_TS_TEST_RUN"] ?? "tracefs", TRACING]);
  return { path: TRACING, unmount: () => execFileSync("umount", [TRACING]) };
}

/** A bpf file system of the test's own, in a temporary folder. `options` of mount(8). */
export function mountBpffs(options?: string): Mounted {
  const path = mkdtempSync(join(tmpdir(), "ebpf-ts-bpffs-"));
  execFileSync("mount", ["-t", "bpf", ...(options === undefined ? [] : ["-o", options]), "bpf", path]);
  return {
    path,
    unmount: () => {
      execFileSync("umount", [path]);
      rmdirSync(path);
    },
  };
}
