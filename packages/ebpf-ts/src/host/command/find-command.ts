import { EbpfError } from "../../base/errors.ts";
import { absolutePath, fileKind, foldersOf, isExecutable } from "../named-files.ts";

/** Where execvp(3) looks when there is no PATH. */
const defaultPath = "/bin:/usr/bin";

/**
 * The name to start a command by. It is looked for here, as execvp(3) would, since a shell could tell of its failure only in
 * words of its own.
 */
export function findCommand(file: string, cwd: string, path: string | undefined): string {
  if (file === "") throw new EbpfError("COMMAND", "Cannot start a command without a name");
  if (fileKind(absolutePath(cwd)) !== "folder")
    throw new EbpfError("COMMAND", `Cannot start ${file} in ${cwd}: there is no such directory`);
  if (file.includes("/")) {
    requireExecutable(file, absolutePath(cwd, file));
    return file.startsWith("-") ? `./${file}` : file;
  }
  for (const directory of foldersOf(path ?? defaultPath)) {
    const candidate = absolutePath(cwd, directory, file);
    if (reasonAgainst(candidate) === undefined) return path === undefined || file.startsWith("-") ? candidate : file;
  }
  throw new EbpfError(
    "COMMAND",
    `Cannot start ${file}: no such command is on the PATH; give the path of the file if it is elsewhere`,
  );
}

function requireExecutable(file: string, path: string): void {
  const reason = reasonAgainst(path);
  if (reason !== undefined) throw new EbpfError("COMMAND", `Cannot start ${file}: ${reason}`);
}

function reasonAgainst(path: string): string | undefined {
  const kind = fileKind(path);
  if (kind === undefined) return "there is no such file";
  if (kind !== "file") return "it is not a file";
  return isExecutable(path) ? undefined : "it is not executable";
}
