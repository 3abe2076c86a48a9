/** Files of tracefs that are read while they grow, and folders that are made there. */
import { appendFileSync, closeSync, constants, mkdirSync, openSync, readSync, rmdirSync, writeFileSync } from "node:fs";
import { refusalCode } from "./refusal.ts";

export function makeFolder(path: string): void {
  mkdirSync(path);
}

/** False where it cannot be: somebody uses it. */
export function removeFolder(path: string): boolean {
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}

export function writeSetting(path: string, text: string): void {
  writeFileSync(path, text);
}

/** A line more, beside what others have written. What the runtime throws comes as it is: see `refusal`. */
export function appendSetting(path: string, text: string): void {
  appendFileSync(path, text);
}

/** A file that gives what there is, and never waits for more. */
export interface GrowingFile {
  /** Bytes read; 0 when there is nothing now. */
  read(into: Uint8Array): number;
  close(): void;
}

export function openGrowing(path: string): GrowingFile {
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return {
    read(into) {
      try {
        return readSync(file, into);
      } catch (cause) {
        if (refusalCode(cause) === "EAGAIN" || refusalCode(cause) === "EINTR") return 0;
        throw cause;
      }
    },
    close: () => closeSync(file),
  };
}
