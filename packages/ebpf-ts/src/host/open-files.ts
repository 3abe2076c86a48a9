/** What is done with a file by a descriptor that the runtime has opened (Deno knows no others). What the runtime throws comes as it is: see `refusal`. */
import { closeSync, fchmodSync, fstatSync, readSync } from "node:fs";

export function closeFile(fd: number): void {
  closeSync(fd);
}

/** How many bytes there were. */
export function readAt(fd: number, into: Uint8Array, position: number): number {
  return readSync(fd, into, 0, into.length, position);
}

export function fileSize(fd: number): number {
  return fstatSync(fd).size;
}

/** Number of the user whose file it is. */
export function ownerOf(fd: number): number {
  return fstatSync(fd).uid;
}

/** No folder, pipe, device or socket. */
export function isRegular(fd: number): boolean {
  return fstatSync(fd).isFile();
}

/** As it is asked for, whatever the umask. */
export function setMode(fd: number, mode: number): void {
  fchmodSync(fd, mode);
}
