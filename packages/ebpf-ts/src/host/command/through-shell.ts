import { findCommand } from "./find-command.ts";

/** What a shell is to become so that a command gets its environment as it is. */
export interface ThroughShell {
  readonly argv: readonly string[];
  /** How often `execve` succeeds until the command stands there. */
  readonly programs: number;
}

/** What shells take for variables; they drop the others, such as `npm_config_//host/:token` and the functions that bash exports. */
const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Those that mean something to the shell itself, or to the line that holds the command: it gives them values of its own. */
const shellsOwn = new Set(["BASHOPTS", "EBPF_TS_GO", "EUID", "IFS", "OLDPWD", "OPTIND", "PPID", "SHELLOPTS", "UID"]);

/** The variables that a shell would not hand on as they are are set by env(1), which becomes the command in its turn. */
export function throughShell(
  command: readonly [file: string, ...args: string[]],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): ThroughShell {
  const lost = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name === "" || (shellName.test(name) && !shellsOwn.has(name)) ? [] : [`${name}=${value}`],
  );
  // To env(1) a name with "=" is one more variable.
  const setter = lost.length === 0 || command[0].includes("=") ? undefined : findEnv(cwd, env["PATH"]);
  return setter === undefined
    ? { argv: command, programs: 1 }
    : { argv: [setter, "--", ...lost, ...command], programs: 2 };
}

function findEnv(cwd: string, path: string | undefined): string | undefined {
  try {
    return findCommand("env", cwd, path);
  } catch {
    return undefined;
  }
}
