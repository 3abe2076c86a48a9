import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { haveEngine } from "ebpf-ts";

const kernel = await haveEngine("kernel");

/** What the `skip` option of node:test takes. With EBPF_TS_NO_SKIP=1 a skip is a failure, except where the host has no bpf(2) at all. */
function reasonOrFail(reason: string | false): string | false {
  if (reason !== false && process.env["EBPF_TS_NO_SKIP"] === "1")
    throw new Error(`EBPF_TS_NO_SKIP is set, and a test cannot run: ${reason}`);
  return reason;
}

export function kernelOrSkip(): string | false {
  if (kernel.usable) return false;
  const reason = kernel.reason ?? "the kernel engine cannot be used";
  return kernel.code === "NOT_SUPPORTED" ? reason : reasonOrFail(reason);
}

export function rootOrSkip(purpose: string): string | false {
  return reasonOrFail(process.getuid?.() === 0 ? false : `only root is able ${purpose}`);
}

export const tracing = "/sys/kernel/tracing";

/** tracefs at its place for the time of the tests; gives the function that takes it away again, if it was not there. */
export function mountTracefs(): () => void {
  if (existsSync(`${tracing}/events`)) return () => {};
  // Its source is a name: scripts/run-tests.ts finds by it what was left behind.
  execFileSync("mount", ["-t", "tracefs", process.env["EBPF_TS_TEST_RUN"] ?? "tracefs", tracing]);
  return () => execFileSync("umount", [tracing]);
}

export function compilerOrSkip(compiler = "clang-14"): string | false {
  return reasonOrFail(existsSync(`/usr/bin/${compiler}`) ? false : `${compiler} is not installed`);
}
