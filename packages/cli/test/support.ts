import { existsSync, readFileSync } from "node:fs";

export const object = "examples/user-ringbuf/user_ringbuf.bpf.o";
/** One event for each `kill -0` of the command, up to so many. */
export function sends(count: number): string[] {
  return Array.from({ length: count }, () => ["--send", 'user_ringbuf={"i":1,"comm":"hello"}']).flat();
}

/** A process that has ended and only waits for its parent to notice is not alive. */
export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}

/** No stack trace, and one sentence of the command's own. */
export const stackTrace: RegExp = /\n\s+at /;
export const sentence: RegExp = /^ebpf: [A-Z].*\n$/;

/** Anything that a terminal would obey. */
// oxlint-disable-next-line no-control-regex -- that is what must not be there
export const control: RegExp = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
