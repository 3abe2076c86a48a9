import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { root } from "../files.ts";
import { getKernel } from "../kernels/get-kernel.ts";
import { kernels } from "../kernels/kernels.ts";

/** Where objects are loaded, and what is done with them. */
export interface Place {
  /** A kernel's word, for a guest with that one; `host` for this machine. */
  readonly on: string;
  readonly attach: boolean;
}

/** For a guest, in seconds: its processors may be emulated. */
const longest = 7200;

/** Runs packages/ebpf-ts/build/test/parity/main.js there, which prints what it finds. Gives its exit code. */
export async function runComparison(judge: string, folders: readonly string[], { on, attach }: Place): Promise<number> {
  const main = join(root, "packages/ebpf-ts/build/test/parity/main.js");
  const args = [main, judge, ...(attach ? ["--attach"] : []), ...folders];
  if (on === "host") return run(args);
  const kernel = kernels.find(({ word }) => word === on);
  if (kernel === undefined) throw new Error(`There is no kernel ${on}: they are ${words().join(", ")}`);
  const { image, release } = await getKernel(kernel);
  // libbpf looks for the kernel's settings there alone.
  const settings = join(dirname(image), `config-${release}`);
  const added = [judge, settings, ...folders].flatMap((path) => ["--add", path]);
  const options = [`--kernel=${image}`, `--timeout=${longest}`, ...added];
  const first = `mkdir -p /boot && cp "${settings}" /boot && exec "$@"`;
  const command = [join(root, "packages/cli/bin/ebpf.js"), "vm", ...options, "--", "sh", "-c", first, "sh", "node"];
  return run([...command, ...args]);
}

function run(args: readonly string[]): number {
  const stdio = ["ignore", "inherit", "inherit"] as const;
  return spawnSync(process.execPath, args, { cwd: join(root, "packages/ebpf-ts"), stdio: [...stdio] }).status ?? 1;
}

const words = (): string[] => [...kernels.map(({ word }) => word), "host"];
