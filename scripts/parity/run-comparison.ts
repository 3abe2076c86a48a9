import { spawnSync } from "node:child_process";
import { join } from "node:path";
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
  if (on === "host") return spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1;
  const kernel = kernels.find(({ word }) => word === on);
  if (kernel === undefined) throw new Error(`There is no kernel ${on}: they are ${words().join(", ")}`);
  const { image } = await getKernel(kernel);
  const added = [judge, ...folders].flatMap((path) => ["--add", path]);
  const options = [`--kernel=${image}`, `--timeout=${longest}`, ...added];
  const command = [join(root, "packages/cli/bin/ebpf.js"), "vm", ...options, "--", "node", ...args];
  return (
    spawnSync(process.execPath, command, {
      cwd: join(root, "packages/ebpf-ts"),
      stdio: ["ignore", "inherit", "inherit"],
    }).status ?? 1
  );
}

const words = (): string[] => [...kernels.map(({ word }) => word), "host"];
