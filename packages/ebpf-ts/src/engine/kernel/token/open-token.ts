import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { fileKind, fileSystemOf, openNamed } from "../../../host/named-files.ts";
import { closeFile } from "../../../host/open-files.ts";
import { refusal } from "../../../host/refusal.ts";
import { environmentVariable } from "../../../host/this-process.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { failure, isShortage } from "../failure.ts";
import { BPF_FS_MAGIC, DEFAULT_PIN_ROOT } from "../pin.ts";
import { inUserNamespace } from "../privilege.ts";

/** As libbpf has it: what it says is what a path that was told says. */
const variable = "LIBBPF_BPF_TOKEN_PATH";

/**
 * What a bpf file system delegates to this process's user namespace (BPF_TOKEN_CREATE, Linux 6.9). `told`: the folder where that is mounted; undefined
 * for the one that the environment names, or else /sys/fs/bpf, which need delegate nothing; empty for none.
 */
export function openToken(sys: Sys, told: string | undefined): Descriptor | undefined {
  if (told !== undefined) return told === "" ? undefined : createToken(sys, told, told);
  const path = environmentVariable(variable);
  if (path === "") return undefined;
  if (path !== undefined) return createToken(sys, path, `${path}, which ${variable} names`);
  // Elsewhere the kernel has none (EOPNOTSUPP).
  return inUserNamespace() ? defaultToken(sys) : undefined;
}

function defaultToken(sys: Sys): Descriptor | undefined {
  try {
    return createToken(sys, DEFAULT_PIN_ROOT, DEFAULT_PIN_ROOT);
  } catch (error) {
    if (error instanceof EbpfError && error.code !== "TOO_MANY_FILES") return undefined;
    throw error;
  }
}

function createToken(sys: Sys, path: string, said: string): Descriptor {
  const action = `use the BPF token of ${said}`;
  const folder = new Descriptor(openFolder(path, action), path, closeFile);
  try {
    const fd = sys.bpf(Command.TOKEN_CREATE, new KernelStruct(BpfAttr.token_create, { bpffs_fd: folder.fd }));
    if (fd >= 0) return new Descriptor(fd, "the BPF token");
    throw refused(fd, action);
  } finally {
    folder.close();
  }
}

function openFolder(path: string, action: string): number {
  try {
    if (fileKind(path) !== "folder") throw noDelegation(action, "there is no such folder");
    if (fileSystemOf(path) !== BPF_FS_MAGIC) throw noDelegation(action, "it is not a bpf file system");
    return openNamed(path, "read");
  } catch (cause) {
    if (cause instanceof EbpfError) throw cause;
    throw refusal(cause, action, (code) => noDelegation(action, `it cannot be opened (${code})`));
  }
}

function noDelegation(action: string, why: string): EbpfError {
  return new EbpfError("NOT_FOUND", `Cannot ${action}: ${why}, name the folder where one is mounted that delegates`);
}

function refused(result: number, action: string): EbpfError {
  if (isShortage(result)) return failure(result, action, "bpf");
  switch (-result) {
    case Errno.ENOENT:
      return noDelegation(action, "that file system delegates nothing (mount options delegate_cmds, delegate_maps, …)");
    case Errno.EOPNOTSUPP:
      return new NotSupportedError(
        "token",
        `Cannot ${action}: this process is in no user namespace, and its capabilities count as they are: leave the token away`,
      );
    case Errno.EPERM:
      return failure(
        result,
        action,
        "bpf",
        "it was made for another user namespace, or this process lacks CAP_BPF in its own",
      );
    case Errno.EINVAL:
      return new NotSupportedError(
        "token",
        `Cannot ${action}: it is not the root of that file system, or this kernel has no tokens (Linux 6.9)`,
        "6.9",
      );
    default:
      return failure(result, action, "bpf");
  }
}
