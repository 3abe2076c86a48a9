import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { EbpfError } from "../base/errors.ts";

/** What this process has given up by `lockDown()`, as errors tell it later. Nothing of it ever comes back. */
export interface LockedDown {
  /** Whom it became. */
  readonly uid: number | undefined;
  readonly capabilities: "none" | "keep";
  readonly readOnly: boolean;
  /** Undefined without a filter. `allow`: further system calls, by the kernel's names. */
  readonly filter: { readonly files: "none" | "read" | "all"; readonly allow: readonly string[] } | undefined;
}

/**
 * What somebody may try: what takes privilege (told once the kernel has refused it), commands of bpf(2) that the filter does not leave, to
 * open a file, to load a module, to start a process, to write into a map.
 */
export type Deed = "privileged" | "bpf" | "files" | "modules" | "processes" | "writes";

const key = "ebpf-ts locked down";

/** Threads that are started from now on know it as well. */
export function rememberLockDown(state: LockedDown): void {
  setEnvironmentData(key, structuredClone(state));
}

/** Undefined as long as it was not. */
export function lockDownState(): LockedDown | undefined {
  return getEnvironmentData(key) as unknown as LockedDown | undefined;
}

/** Why a deed is refused, to follow "Cannot …:"; undefined where no lock down keeps this process from it. */
export function lockedDownBy(deed: Deed): string | undefined {
  const state = lockDownState();
  const by = state === undefined ? undefined : reasons[deed](state);
  return by === undefined ? undefined : `this process was locked down by ${by}`;
}

/** For what would fail halfway, or with an error that says less. `action` follows "Cannot". */
export function refuseIfLockedDown(action: string, deed: Deed): void {
  const why = lockedDownBy(deed);
  if (why !== undefined) throw new EbpfError("NO_PRIVILEGE", `Cannot ${action}: ${why}`);
}

type Reason = (state: LockedDown) => string | undefined;

/** Whether a filter keeps the process from a system call. */
const filters = ({ filter }: LockedDown, call: string): boolean => filter?.allow.includes(call) === false;

const bpf: Reason = (state) => {
  return filters(state, "bpf")
    ? "its seccomp filter, which leaves what is loaded and attached, and nothing new"
    : undefined;
};

const reasons: Readonly<Record<Deed, Reason>> = {
  bpf,
  privileged: (state) => {
    return bpf(state) ?? (state.capabilities === "none" ? "lockDown(), and has no capabilities" : undefined);
  },
  files: ({ filter, uid }) => {
    if (filter?.files === "none") return 'its seccomp filter, which opens no files (files: "none")';
    if (filter?.files === "read") return 'its seccomp filter, which opens files for reading only (files: "read")';
    return uid === undefined ? undefined : `lockDown(), and is user ${uid} now`;
  },
  modules: ({ filter }) => {
    return filter?.files === "none"
      ? 'its seccomp filter, which opens no files, and so loads no modules (files: "none")'
      : undefined;
  },
  processes: (state) => (filters(state, "execve") ? "its seccomp filter, which starts no processes" : undefined),
  writes: ({ readOnly }) => (readOnly ? "lockDown({ readOnly: true })" : undefined),
};
