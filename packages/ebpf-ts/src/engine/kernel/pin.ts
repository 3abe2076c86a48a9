import { EbpfError, SyscallError } from "../../base/errors.ts";
import { absolutePath, fileSystemOf, folderOf, fileKind, makeFolder, removeName } from "../../host/named-files.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { notPermitted, refusal, refusalCode } from "../../host/refusal.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import { failure } from "./failure.ts";

export const DEFAULT_PIN_ROOT = "/sys/fs/bpf";
/** `f_type` of statfs(2) for a bpf file system. */
export const BPF_FS_MAGIC: number = 0xcafe4a11;

/** The path where an object of the kernel is pinned, if it is. */
export class PinPlace {
  readonly #sys: Sys;
  #path: string | undefined;

  constructor(sys: Sys, path?: string) {
    this.#sys = sys;
    this.#path = path && absolutePath(path);
  }

  get path(): string | undefined {
    return this.#path;
  }

  pin(object: Descriptor, path: string, what: string): void {
    if (this.#path !== undefined)
      throw new EbpfError("BUSY", `Cannot pin ${what} at ${path}: it is pinned at ${this.#path}`);
    pinObject(this.#sys, object, path, what);
    // The current folder may change.
    this.#path = absolutePath(path);
  }

  unpin(what: string): void {
    const path = this.#path;
    if (path === undefined) throw new EbpfError("NOT_FOUND", `Cannot unpin ${what}: it is not pinned`);
    this.#path = undefined;
    unpinObject(path, what);
  }
}

/** Gives an object a name in a bpf file system, which keeps it alive (BPF_OBJ_PIN). */
export function pinObject(sys: Sys, object: Descriptor, path: string, what: string): void {
  refuseIfLockedDown(`pin ${what} at ${path}`, "bpf");
  checkFileSystem(folderOf(path), `pin ${what} at ${path}`);
  const attributes = new KernelStruct(BpfAttr.obj, { pathname: path, bpf_fd: object.fd });
  const result = sys.bpf(Command.OBJ_PIN, attributes);
  if (result === -Errno.EEXIST) throw taken(what, path);
  if (result < 0) throw failure(result, `pin ${what} at ${path}`, "bpf", pinReasons[-result]);
}

function taken(what: string, path: string): EbpfError {
  const why = "there is something of that name: remove it, which lets go of it, or take another";
  return new SyscallError("bpf", Errno.EEXIST, "EEXIST", `Cannot pin ${what} at ${path}: ${why}`, "BUSY");
}

const pathReasons: Readonly<Record<number, string>> = {
  [Errno.ENOTDIR]: "part of its path is not a folder",
  [Errno.ENAMETOOLONG]: "a name in its path is too long",
};
const pinReasons: Readonly<Record<number, string>> = {
  ...pathReasons,
  [Errno.EPERM]: "names in a bpf file system have no dot, and writing there needs the privilege",
};
const openReasons: Readonly<Record<number, string>> = {
  ...pathReasons,
  [Errno.EACCES]: "it is not a pinned object, or access is denied",
};
export const dotReason = "names in a bpf file system have no dot";

/** The kernel reserves names with a dot, and answers EPERM to whatever is done with one. */
export function isDotted(path: string): boolean {
  for (let at = absolutePath(path); folderOf(at) !== at; at = folderOf(at)) {
    if (at.slice(at.lastIndexOf("/")).includes(".") && isInBpffs(folderOf(at))) return true;
  }
  return false;
}

function isInBpffs(folder: string): boolean {
  try {
    return fileSystemOf(folder) === BPF_FS_MAGIC;
  } catch {
    return false;
  }
}

/** Opens what was pinned (BPF_OBJ_GET); undefined when nothing is there. */
export function openPin(sys: Sys, path: string, what: string): Descriptor | undefined {
  refuseIfLockedDown(`open ${what} at ${path}`, "bpf");
  const fd = sys.bpf(Command.OBJ_GET, new KernelStruct(BpfAttr.obj, { pathname: path }));
  if (fd === -Errno.ENOENT) return undefined;
  if (fd < 0) {
    const why = fd === -Errno.EPERM && isDotted(path) ? dotReason : openReasons[-fd];
    throw failure(fd, `open ${what} at ${path}`, "bpf", why);
  }
  return new Descriptor(fd, what);
}

/** Removes the name. The object lives on as long as anything else holds it. */
export function unpinObject(path: string, what: string): void {
  const action = `unpin ${what} from ${path}`;
  checkFileSystem(folderOf(path), action);
  try {
    removeName(path);
  } catch (cause) {
    if (refusalCode(cause) === "ENOENT") {
      throw new EbpfError("NOT_FOUND", `Cannot unpin ${what}: there is nothing at ${path}`, { cause });
    }
    throw refusal(
      cause,
      action,
      () => new EbpfError("SYSCALL", `Cannot ${action}: ${(cause as Error).message}`, { cause }),
    );
  }
}

/** Makes the folder that a map is pinned in by name, and gives those that were not there before, from the outermost on. */
export function makePinFolder(path: string, what: string): string[] {
  const missing: string[] = [];
  let there = absolutePath(path);
  for (; fileKind(there) === undefined && folderOf(there) !== there; there = folderOf(there)) missing.unshift(there);
  checkFileSystem(there, `pin ${what} in ${path}`);
  try {
    makeFolder(path);
    return missing;
  } catch (cause) {
    const action = `pin ${what}`;
    throw (
      notPermitted(cause, action) ??
      new EbpfError("SYSCALL", `Cannot ${action}: folder ${path} cannot be made`, { cause })
    );
  }
}

function checkFileSystem(folder: string, action: string): void {
  let type: number;
  try {
    type = fileSystemOf(folder);
  } catch (cause) {
    throw (
      notPermitted(cause, action) ??
      new EbpfError("NOT_FOUND", `Cannot ${action}: there is no folder ${folder}`, { cause })
    );
  }
  if (type === BPF_FS_MAGIC) return;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: ${folder} is not in a bpf file system, mount one with: mount -t bpf bpf ${DEFAULT_PIN_ROOT}`,
  );
}
