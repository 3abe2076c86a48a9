import { EbpfError } from "../../../../base/errors.ts";
import { nearName } from "../../../../base/near-name.ts";
import type { AttachPlace } from "../attach-place.ts";
import { arm64Syscalls, x64Syscalls } from "../../../../uapi/syscalls.gen.ts";

/** Where a program is attached, as far as system calls go. */
export interface SyscallAttachPoint {
  readonly when: "enter" | "exit";
  /** `tracepoint`: nr, and args or return value; `raw`: a `pt_regs`, and nr or return value. */
  readonly context: "tracepoint" | "raw";
  /** Number of the one system call; undefined for all of them. */
  readonly syscall: number | undefined;
}

export function numbersByName(architecture: string): Readonly<Record<string, number>> {
  return architecture === "arm64" ? arm64Syscalls : x64Syscalls;
}

/** Undefined when the place is no event of this source. A system call that the architecture does not have is an error. */
export function syscallAttachPoint(place: AttachPlace, architecture: string): SyscallAttachPoint | undefined {
  const raw = place.kind === "raw_tracepoint" || place.kind === "tp_btf";
  if (!raw && place.kind !== "tracepoint") return undefined;
  const pattern = raw
    ? /^sys_(enter|exit)()$/
    : /^(?:raw_syscalls\/sys_(enter|exit)|syscalls\/sys_(enter|exit)_(\w+))$/;
  const match = pattern.exec(place.name);
  if (match === null) return undefined;
  const when = (match[1] ?? match[2]) === "enter" ? "enter" : "exit";
  const name = raw ? undefined : match[3];
  return {
    when,
    context: raw ? "raw" : "tracepoint",
    syscall: name === undefined ? undefined : syscallNumber(name, architecture),
  };
}

function syscallNumber(name: string, architecture: string): number {
  const numbers = numbersByName(architecture);
  const number = Object.hasOwn(numbers, name) ? numbers[name] : undefined;
  if (number !== undefined) return number;
  const kernelName = kernelNames[name];
  const near = kernelName ?? nearName(name, Object.keys(numbers));
  const hint =
    near === undefined ? "" : kernelName === undefined ? `, did you mean ${near}?` : `; the kernel calls it ${near}`;
  throw new EbpfError(
    "NOT_FOUND",
    `Cannot attach to the system call ${name}: there is none of that name on ${architecture}${hint}`,
  );
}

/** Names of the C library that are no names of the kernel's functions. */
const kernelNames: Readonly<Record<string, string | undefined>> = {
  stat: "newstat",
  fstat: "newfstat",
  lstat: "newlstat",
  fstatat: "newfstatat",
  uname: "newuname",
  sendfile: "sendfile64",
  umount2: "umount",
  pread: "pread64",
  pwrite: "pwrite64",
};
