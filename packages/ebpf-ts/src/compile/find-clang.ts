import { EbpfError } from "../base/errors.ts";
import { fileKind, foldersOf, isExecutable } from "../host/named-files.ts";
import { refusal } from "../host/refusal.ts";
import { environmentVariable } from "../host/this-process.ts";
import { joinPath, namesIfThere, runTool } from "../host/tools.ts";
import { howToInstallClang } from "./install-hint.ts";

/** A compiler that can make eBPF objects. */
export interface Clang {
  readonly path: string;
  /** Such as `14.0.6`. */
  readonly version: string;
  /** Folders in which it looks for the headers of this machine. */
  readonly headers: readonly string[];
}

/** The first whose BTF has all that objects are read for here (declaration tags, `btf_type_tag`). */
const oldestVersion = 14;

/** Where Homebrew keeps LLVM, of which the system's own clang must not know. */
const otherFolders = ["/opt/homebrew/opt/llvm/bin", "/usr/local/opt/llvm/bin"];

/**
 * The compiler that was named, by the option or by `$CLANG`; else the first that will do of `clang` and `clang-N`, newest first, in the
 * folders of `$PATH`. `action` follows "Cannot".
 */
export async function findClang(action: string, named?: string): Promise<Clang> {
  const wanted = named ?? (environmentVariable("CLANG") || undefined);
  const candidates = wanted === undefined ? await installedClangs() : [wanted];
  const faults: string[] = [];
  for (const path of candidates) {
    const found = await examine(path, action);
    if (typeof found !== "string") return found;
    faults.push(found);
  }
  const reason = faults.join(", ") || "no clang is installed";
  const advice =
    wanted !== undefined && (await installedClangs()).length > 0
      ? `name another${named === undefined ? " in $CLANG" : ""}, or none for the newest that is installed`
      : howToInstallClang();
  throw new EbpfError("COMPILER", `Cannot ${action}: ${reason}: ${advice}`);
}

async function installedClangs(): Promise<string[]> {
  const folders = [...foldersOf(environmentVariable("PATH") ?? ""), ...otherFolders].filter((folder) => folder !== "");
  const plain = folders.map((folder) => joinPath(folder, "clang"));
  const numbered = await Promise.all(
    folders.map(async (folder) =>
      (await namesIfThere(folder)).flatMap((name) => {
        const number = /^clang-(\d+)$/.exec(name)?.[1];
        return number === undefined ? [] : [{ path: joinPath(folder, name), number: Number(number) }];
      }),
    ),
  );
  const newestFirst = numbered.flat().sort((a, b) => b.number - a.number);
  const all = new Set([...plain, ...newestFirst.map(({ path }) => path)]);
  return [...all].filter((path) => fileKind(path) === "file" && isExecutable(path));
}

/** Or why it will not do. */
async function examine(path: string, action: string): Promise<Clang | string> {
  const [said, targets] = await Promise.all([
    // Beside its version it says where it looks for headers.
    ask(path, ["-v", "-E", "-x", "c", "/dev/null"], action),
    ask(path, ["--print-targets"], action),
  ]);
  const version = /clang version ((\d+)[\w.]*)/.exec(said);
  if (version === null) return said === "" ? `there is no ${path}` : `${path} is no clang`;
  if (Number(version[2]) < oldestVersion)
    return `${path} is clang ${version[1]}, and ${oldestVersion} or later is needed`;
  if (!/^\s*bpfel\s/m.test(targets)) return `${path} (clang ${version[1]}) was built without the BPF target`;
  return { path, version: version[1]!, headers: headerFolders(said) };
}

/** All that it prints; nothing when there is no such file. */
async function ask(path: string, args: readonly string[], action: string): Promise<string> {
  try {
    const { stdout, stderr } = await runTool(path, args);
    return stdout + stderr || "(nothing)";
  } catch (cause) {
    const error = refusal(cause, action, (code) => {
      return new EbpfError("COMPILER", `Cannot ${action}: ${path} cannot be run (${code}): ${howToInstallClang()}`, {
        cause,
      });
    });
    if ((cause as { readonly code?: unknown }).code === "ENOENT") return "";
    throw error;
  }
}

/** The list that `-v` prints, less the compiler's own headers, which are found for every target. */
function headerFolders(said: string): string[] {
  const list = /#include <\.\.\.> search starts here:\n([^]*?)End of search list/.exec(said)?.[1] ?? "";
  return list
    .split("\n")
    .map((line) => line.trim().replace(/ \(framework directory\)$/, ""))
    .filter((folder) => folder !== "" && !/\/clang\/[\d.]+\/include$/.test(folder) && !folder.endsWith("Frameworks"));
}
