import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fixturePath } from "./fixtures.ts";
import { kernelOrSkip, orFail, type SkipReason } from "./requirements.ts";

const here = fileURLToPath(import.meta.url);

/** Whoever may read this checkout: its owner, or, where that is root, nobody. */
const user = statSync(here).uid || 65_534;

/** A command that runs `command` as an ordinary user with these capabilities (capabilities(7)), such as `bpf`, and no others. */
export function asUser(capabilities: readonly string[], ...command: readonly string[]): [string, readonly string[]] {
  const set = ["-all", ...capabilities.map((each) => `+${each}`)].join(",");
  const sets = ["--inh-caps", "--ambient-caps", "--bounding-set"].map((option) => `${option}=${set}`);
  return ["setpriv", [`--reuid=${user}`, `--regid=${user}`, "--clear-groups", ...sets, ...command]];
}

/** For tests that run something as an ordinary user. */
export function userOrSkip(): SkipReason {
  const kernel = kernelOrSkip();
  if (kernel !== false) return kernel;
  if (process.getuid?.() !== 0) return orFail("only root becomes another user");
  if (!existsSync("/usr/bin/setpriv")) return orFail("there is no setpriv on this host");
  try {
    execFileSync(...asUser([], "cat", here, fixturePath("net.bpf.o")), { stdio: "ignore" });
    return false;
  } catch {
    return orFail("no ordinary user may read this checkout");
  }
}
