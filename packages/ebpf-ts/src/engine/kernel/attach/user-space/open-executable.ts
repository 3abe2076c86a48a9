import { EbpfError } from "../../../../base/errors.ts";
import type { PartialFile } from "../../../../elf/executable/partial-file.ts";
import { notRegular, openRegular } from "../../../../host/named-files.ts";
import { closeFile, fileSize, readAt } from "../../../../host/open-files.ts";
import { refusal } from "../../../../host/refusal.ts";

/** Reads an executable or library that a user, or an object, named. `action` follows "Cannot"; what is wrong with the file is told with its path. */
export function withExecutable<T>(path: string, action: string, read: (file: PartialFile) => T): T {
  const descriptor = open(path, action);
  try {
    return read(fileOf(descriptor, fileSize(descriptor)));
  } catch (error) {
    if (!(error instanceof EbpfError) || error.message.includes(path)) throw error;
    throw new EbpfError(error.code, `Cannot ${action} to ${path}: ${error.message}`, { cause: error });
  } finally {
    closeFile(descriptor);
  }
}

function fileOf(descriptor: number, size: number): PartialFile {
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      return bytes.subarray(0, readAt(descriptor, bytes, offset));
    },
  };
}

function open(path: string, action: string): number {
  try {
    return openRegular(path);
  } catch (cause) {
    throw refusal(cause, `${action} to ${path}`, (code) => {
      if (code === notRegular)
        return new EbpfError("BAD_OBJECT", `Cannot ${action} to ${path}: it is no file`, { cause });
      const why = code === "ENOENT" ? "there is no such file" : `it cannot be read (${code})`;
      return new EbpfError("NOT_FOUND", `Cannot ${action} to ${path}: ${why}`, { cause });
    });
  }
}
