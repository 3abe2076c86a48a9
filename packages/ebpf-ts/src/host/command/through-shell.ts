import { hasPrograms, pathOfCommand } from "./find-command.ts";

/** What a shell is to become so that a command gets its environment as it is. */
export interface ThroughShell {
  readonly argv: readonly string[];
  /** How often `execve` succeeds until the command stands there. */
  readonly programs: number;
}

/** What shells take for variables; they drop the others, such as `npm_config_//host/:token` and the functions that bash exports. */
const shellName = /^[A-Za-z_][A-Za-z0-9_]*$/;
/** Those that mean something to the shell itself, or to the line that holds the command: it gives them values of its own. */
const shellsOwn = new Set(
  "BASHOPTS DENO_EXTRA_STDIO_FDS EBPF_TS_GO EUID IFS OLDPWD OPTIND PPID SHELLOPTS UID".split(" "),
);

/** The variables that a shell would not hand on as they are are set by env(1), which becomes the command in its turn. */
export function throughShell(
  command: readonly [file: string, ...args: string[]],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): ThroughShell {
  const lost = Object.entries(env).flatMap(([name, value]) =>
    value === undefined || name === "" || (shellName.test(name) && !shellsOwn.has(name)) ? [] : [`${name}=${value}`],
  );
  const find = (name: string): string | undefined => tryFind(name, cwd, env["PATH"]);
  const setters = lost.length === 0 ? undefined : settersOf(lost, command[0], find);
  if (setters === undefined) return { argv: command, programs: 1 };
  const [file, ...args] = command;
  const byPath = !file.includes("/") && setters.some(([setter]) => hasPrograms(setter!));
  return {
    argv: [...setters.flat(), byPath ? (find(file) ?? file) : file, ...args],
    programs: setters.length + 1,
  };
}

/** What is executed before the command, each with its arguments. */
function settersOf(
  variables: readonly string[],
  command: string,
  findTool: (name: string) => string | undefined,
): readonly (readonly string[])[] | undefined {
  const env = findTool("env");
  if (env === undefined) return undefined;
  const setter = [env, "--", ...variables];
  if (!command.includes("=")) return [setter];
  // To env(1) a name with "=" is one more variable: so it becomes a program first that changes nothing, and then the command.
  const nice = findTool("nice");
  return nice === undefined || nice.includes("=") ? undefined : [setter, [nice, "-n", "0"]];
}

function tryFind(name: string, cwd: string, path: string | undefined): string | undefined {
  try {
    return pathOfCommand(name, cwd, path);
  } catch {
    return undefined;
  }
}
