import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { binaryOf, type Runtime, wordOf } from "./runtimes.ts";

/**
 * Outside of the repository: they are some 100 MB each. A folder is of one version. Root's is where tests reach it that run
 * the runtime as another user.
 */
const cache: string =
  process.env["EBPF_TS_RUNTIMES"] ??
  join(process.getuid?.() === 0 ? "/var/cache" : join(homedir(), ".cache"), "ebpf-ts-runtimes");

/** Installs it unless it is there; gives the path of its binary. */
export async function install(runtime: Runtime): Promise<string> {
  const folder = join(cache, (runtime.package ?? "").split("@").at(-1)!);
  const binary = binaryOf(runtime, folder);
  if (existsSync(binary)) return binary;
  console.log(`Installing ${runtime.package} to ${folder}`);
  const own = join(folder, wordOf(runtime));
  await mkdir(own, { recursive: true });
  await writeFile(join(own, "package.json"), JSON.stringify({ private: true }));
  const alias = `${wordOf(runtime)}@npm:${runtime.package}`;
  await promisify(execFile)("npm", ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", alias], {
    cwd: own,
  });
  return binary;
}
