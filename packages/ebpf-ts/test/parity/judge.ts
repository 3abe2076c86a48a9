import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { LoadReport } from "./report.ts";

const source = fileURLToPath(new URL("../../../test/parity/judge.c", import.meta.url));

/** Builds the judge with the installed libbpf-dev, or with the libbpf of an unpacked kernel tree. */
export function buildJudge(to: string, tree?: string): void {
  const libraries = ["-lelf", "-lz"];
  if (tree === undefined) {
    execFileSync("cc", ["-O1", "-o", to, source, "-lbpf", ...libraries], { stdio: ["ignore", "ignore", "pipe"] });
    return;
  }
  const tools = join(tree, "tools");
  const includes = ["lib", "include", "include/uapi"].flatMap((each) => ["-I", join(tools, each)]);
  const library = join(tools, "lib/bpf");
  const sources = readdirSync(library)
    .filter((name) => name.endsWith(".c"))
    .map((name) => join(library, name));
  const args = ["-O1", "-w", "-D_GNU_SOURCE", ...includes, "-o", to, source, ...sources, ...libraries];
  execFileSync("cc", args, { stdio: ["ignore", "ignore", "pipe"] });
}

/** What libbpf makes of an object; undefined where it crashes, or takes more than ten minutes. */
export function judge(program: string, object: string, attach: boolean): LoadReport | undefined {
  const args = attach ? ["--attach", object] : [object];
  const { status, stdout } = spawnSync(program, args, { encoding: "utf8", timeout: 600_000, maxBuffer: 2 ** 26 });
  return status === 0 ? (JSON.parse(stdout) as LoadReport) : undefined;
}
