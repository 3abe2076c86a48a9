import { EbpfError } from "../../base/errors.ts";
import { absolutePath, fileKind, firstBytes, foldersOf, isExecutable, realPath } from "../named-files.ts";

/** Where execvp(3) looks when there is no PATH. */
const defaultPath = "/bin:/usr/bin";

/** What `#!` is left out of: execvp(3) has it read by this one. */
const shell = "/bin/sh";
/** How much of a file says whether it is a text: as much as the kernel reads of it, or a shell. */
const startBytes = 128;

/** A command that is there. */
interface FoundCommand {
  /** To start it by. */
  readonly name: string;
  readonly path: string;
}

/** The name to start a command by. Throws (COMMAND) for what is none. */
export function findCommand(file: string, cwd: string, path: string | undefined): string {
  return find(file, cwd, path).name;
}

/** Where it is. Throws as {@link findCommand} does. */
export function pathOfCommand(file: string, cwd: string, path: string | undefined): string {
  return find(file, cwd, path).path;
}

/**
 * What to execute for a command. The kernel takes no script without a line that names its interpreter (ENOEXEC); some shells read it
 * themselves then, in the process in which they are, so that the command would never begin.
 */
export function wordsOf(
  file: string,
  args: readonly string[],
  cwd: string,
  path: string | undefined,
): readonly [string, ...string[]] {
  const found = find(file, cwd, path);
  return isBareScript(found.path)
    ? [shell, file.includes("/") ? found.name : found.path, ...args]
    : [found.name, ...args];
}

function isBareScript(path: string): boolean {
  const start = firstBytes(path, startBytes);
  return start !== undefined && !start.includes(0) && !(start[0] === 0x23 && start[1] === 0x21);
}

/** It is looked for here, as execvp(3) would, since a shell could tell of its failure only in words of its own. */
function find(file: string, cwd: string, path: string | undefined): FoundCommand {
  if (file === "") throw new EbpfError("COMMAND", "Cannot start a command without a name");
  if (fileKind(absolutePath(cwd)) !== "folder")
    throw new EbpfError("COMMAND", `Cannot start ${file} in ${cwd}: there is no such directory`);
  if (file.includes("/")) {
    const place = absolutePath(cwd, file);
    requireExecutable(file, place);
    return { name: file.startsWith("-") ? `./${file}` : file, path: place };
  }
  for (const directory of foldersOf(path ?? defaultPath)) {
    const candidate = absolutePath(cwd, directory, file);
    if (reasonAgainst(candidate) !== undefined) continue;
    const byPath = path === undefined || file.startsWith("-") || hasPrograms(shell);
    return { name: byPath ? candidate : file, path: candidate };
  }
  throw new EbpfError(
    "COMMAND",
    `Cannot start ${file}: no such command is on the PATH; give the path of the file if it is elsewhere${hintFor(file)}`,
  );
}

/** Whether a program that is to execute another is busybox, which may take a name for one of its own programs instead. */
export function hasPrograms(file: string): boolean {
  return realPath(file)?.endsWith("/busybox") === true;
}

function requireExecutable(file: string, path: string): void {
  const reason = reasonAgainst(path);
  if (reason !== undefined) throw new EbpfError("COMMAND", `Cannot start ${file}: ${reason}${hintFor(file)}`);
}

/** A whole line in place of a command is a common mistake. */
function hintFor(file: string): string {
  return /\S\s+\S/.test(file)
    ? "; arguments are not part of the name, but a list beside it; a shell takes a whole line: sh -c LINE"
    : "";
}

function reasonAgainst(path: string): string | undefined {
  const kind = fileKind(path);
  if (kind === undefined) return "there is no such file";
  if (kind !== "file") return "it is not a file";
  return isExecutable(path) ? undefined : "it is not executable";
}
