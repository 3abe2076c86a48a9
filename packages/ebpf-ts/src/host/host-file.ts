import { readFileSync } from "node:fs";
import { EbpfError, tooManyFiles } from "../base/errors.ts";

/** A text of /sys or /proc that is always there. `action` follows "Cannot". */
export function readHostFile(path: string, action: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw (
      tooManyFiles(cause, action) ??
      new EbpfError("SYSCALL", `Cannot ${action}: ${path} cannot be read (${code})`, { cause })
    );
  }
}
