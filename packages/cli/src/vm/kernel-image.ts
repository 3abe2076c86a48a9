import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { cacheFolder } from "./cache-folder.ts";

export interface KernelImage {
  readonly path: string;
  /** `6.12.43-cloud-amd64`, as `uname -r` says it there. */
  readonly release: string;
  /** The folder of its modules, where there is one. */
  readonly modules: string | undefined;
}

/** Folders with what packages of kernels have: this system, and where `dpkg -x` unpacks those of others. */
function roots(): string[] {
  return ["/", join(cacheFolder(), "kernels")];
}

/** A file, or the newest kernel of that version: `6.12` takes 6.12.43-cloud-amd64, and so does that by itself. */
export function findKernel(wanted: string): KernelImage {
  if (wanted.includes("/") || !/^\d/.test(wanted)) return kernelAt(resolve(wanted));
  const all = roots().flatMap((root) => imagesIn(root));
  const isWanted = (release: string): boolean =>
    release === wanted || release.startsWith(`${wanted}.`) || release.startsWith(`${wanted}-`);
  const newest = all
    .filter(({ release }) => isWanted(release))
    .sort(byVersion)
    .at(-1);
  if (newest !== undefined) return kernelAt(newest.path);
  const found = all.map(({ release }) => release).sort();
  const others = found.length === 0 ? "" : ` (there are ${found.join(", ")})`;
  throw new Error(`Cannot find a kernel ${wanted}, neither in /boot nor in ${roots()[1]}${others}: ${howTo()}`);
}

function howTo(): string {
  const [, cache] = roots();
  return (
    `give the path of a bzImage, or put one there; on Debian, \`apt-cache search --names-only '^linux-image.*[0-9]-cloud-amd64$'\` lists them, ` +
    `and \`mkdir -p ${cache} && apt-get download NAME && dpkg -x NAME_*.deb ${cache}\` takes one without root`
  );
}

interface Found {
  readonly path: string;
  readonly release: string;
}

/** `boot/vmlinuz-…` or, as newer packages have it, `usr/lib/modules/…/vmlinuz`. */
function imagesIn(root: string): Found[] {
  const prefix = "vmlinuz-";
  const boot = namesIn(join(root, "boot")).filter((name) => name.startsWith(prefix));
  const modules = join(root, "usr/lib/modules");
  return [
    ...boot.map((name) => ({ path: join(root, "boot", name), release: name.slice(prefix.length) })),
    ...namesIn(modules).map((release) => ({ path: join(modules, release, "vmlinuz"), release })),
  ].filter(({ path }) => existsSync(path));
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

/** 6.12.43 is newer than 6.12.9. */
function byVersion(one: Found, other: Found): number {
  return one.release.localeCompare(other.release, "en", { numeric: true });
}

function kernelAt(path: string): KernelImage {
  const release = releaseOf(path);
  const folders = [dirname(dirname(path)), "/"].flatMap((root) => [
    join(root, "lib/modules"),
    join(root, "usr/lib/modules"),
  ]);
  const modules = [...folders.map((folder) => join(folder, release)), dirname(path)].find(
    (folder) => basename(folder) === release && existsSync(folder),
  );
  return { path, release, modules };
}

/** Of Documentation/arch/x86/boot.rst of Linux 6.18: a magic number, and where the version stands, from 0x200 on. */
const boot = { magicAt: 0x202, magic: "HdrS", versionAt: 0x20e, base: 0x200, longest: 128 } as const;

function releaseOf(path: string): string {
  const head = readHead(path, boot.base + 0x10000);
  if (head.toString("latin1", boot.magicAt, boot.magicAt + 4) !== boot.magic)
    throw new Error(`Cannot boot ${path}: it is no kernel for x86-64 (a bzImage, as /boot/vmlinuz-… is)`);
  const at = boot.base + head.readUInt16LE(boot.versionAt);
  return /^[^\0 ]*/.exec(head.toString("latin1", at, at + boot.longest))![0];
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not read it: copy it, as root, to where this user may",
  EISDIR: "it is a folder, not a kernel image",
};

function readHead(path: string, size: number): Buffer {
  try {
    const kind = statSync(path);
    if (kind.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
    if (!kind.isFile()) throw Object.assign(new Error(), { code: "it is no regular file" });
    const bytes = Buffer.alloc(size);
    const file = openSync(path, "r");
    try {
      readSync(file, bytes, 0, size, 0);
    } finally {
      closeSync(file);
    }
    return bytes;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Error(`Cannot read the kernel ${path}: ${reasons[code] ?? code}`, { cause });
  }
}
