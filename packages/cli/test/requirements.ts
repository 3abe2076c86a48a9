import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
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
  return toolOrSkip(compiler);
}

export function toolOrSkip(tool: string): string | false {
  const isThere = ["/usr/bin", "/usr/sbin"].some((folder) => existsSync(`${folder}/${tool}`));
  return reasonOrFail(isThere ? false : `${tool} is not installed`);
}

/** A root of kernels, as `dpkg -x` makes them: scripts/kernels/get-kernel.ts got it for `npm run test:kernels`. */
export const guestKernels: string = join(
  process.env["EBPF_TS_KERNELS"] ??
    join(process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache"), "ebpf-ts-kernels"),
  "6.12",
);

/** Its image. */
export function guestKernel(): string {
  const boot = join(guestKernels, "boot");
  return join(
    boot,
    readdirSync(boot).find((name) => name.startsWith("vmlinuz-"))!,
  );
}

/** For tests that boot a guest. */
export function guestOrSkip(): string | false {
  const tools = ["/usr/bin/qemu-system-x86_64", "/bin/busybox"].find((path) => !existsSync(path));
  if (tools !== undefined) return reasonOrFail(`${tools} is not installed`);
  return reasonOrFail(existsSync(guestKernels) ? false : "`npm run test:kernels` has not got Linux 6.12 yet");
}
