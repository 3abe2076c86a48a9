import { EbpfError } from "../../../../base/errors.ts";
import { findInLoaderCache } from "../../../../elf/executable/loader-cache.ts";
import {
  absolutePath,
  deviceAndInode,
  fileKind,
  firstBytes,
  foldersOf,
  isExecutable,
} from "../../../../host/named-files.ts";
import { readIfThere } from "../../../../host/system-files.ts";
import { architecture, environmentVariable } from "../../../../host/this-process.ts";

/** Debian's, of each architecture. */
const multiarch: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };
const commonFolders = ["/usr/lib64", "/usr/lib", "/lib64", "/lib"];
const programFolders = ["/usr/bin", "/usr/sbin"];

/**
 * The executable or library that a user means: a path, or a name without a slash, which is looked for as the loader does and as libbpf does. Of a
 * process, among the files that it has mapped first.
 */
export function findBinary(path: string, pid: number | undefined, action: string): string {
  if (path.includes("/")) return absolutePath(path);
  const mapped = pid === undefined ? undefined : mappedFile(path, pid);
  const found = mapped ?? (/\.so(?:\.|$)/.test(path) ? findLibrary(path) : findProgram(path));
  if (found !== undefined) return found;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot ${action} to ${path}: there is no file of that name in the folders of ${/\.so(?:\.|$)/.test(path) ? "the loader" : "PATH"}, give its path (./${path} for one in this folder)`,
  );
}

function findLibrary(name: string): string | undefined {
  const isThere = (folder: string): boolean => fileKind(`${folder}/${name}`) === "file";
  const asked = searchPath("LD_LIBRARY_PATH").find(isThere);
  if (asked !== undefined) return `${asked}/${name}`;
  const cached = cachedLibrary(name);
  if (cached !== undefined && fileKind(cached) === "file") return cached;
  const own = multiarch[architecture];
  const folders = own === undefined ? commonFolders : [`/lib/${own}`, `/usr/lib/${own}`, ...commonFolders];
  const folder = folders.find(isThere);
  return folder === undefined ? undefined : `${folder}/${name}`;
}

/** A desktop's has some 300 KB. */
const largestCache = 16 * 2 ** 20;

/** Where it is broken, the folders are looked through instead. */
function cachedLibrary(name: string): string | undefined {
  try {
    return findInLoaderCache(firstBytes("/etc/ld.so.cache", largestCache) ?? new Uint8Array(0), name, architecture);
  } catch (error) {
    if (error instanceof EbpfError) return undefined;
    throw error;
  }
}

function findProgram(name: string): string | undefined {
  const folders = [...searchPath("PATH"), ...programFolders];
  const folder = folders.find((each) => fileKind(`${each}/${name}`) === "file" && isExecutable(`${each}/${name}`));
  return folder === undefined ? undefined : `${folder}/${name}`;
}

/** An empty part would be the current folder, and one that is not absolute below it: neither is anybody's library. */
function searchPath(variable: string): string[] {
  return foldersOf(environmentVariable(variable) ?? "").filter((folder) => folder.startsWith("/"));
}

/** Of /proc/PID/maps: a file that may lie in another mount namespace. */
function mappedFile(name: string, pid: number): string | undefined {
  const maps = readIfThere(`/proc/${pid}/maps`) ?? "";
  const paths = maps.split("\n").map((line) => line.slice(Math.max(0, line.indexOf("/"))));
  const path = paths.find((each) => each.startsWith("/") && each.endsWith(`/${name}`));
  if (path === undefined) return undefined;
  const inside = `/proc/${pid}/root${path}`;
  return isSame(path, inside) ? path : inside;
}

function isSame(one: string, other: string): boolean {
  if (fileKind(one) !== "file" || fileKind(other) !== "file") return false;
  const [first, second] = [deviceAndInode(one), deviceAndInode(other)];
  return first.device === second.device && first.inode === second.inode;
}
