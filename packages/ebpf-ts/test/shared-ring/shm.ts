import { existsSync } from "node:fs";
import { tmpdir } from "node:os";

/** Where files of rings are put: memory, where there is a place for it. */
export function shmFolder(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}
