import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import { EbpfError } from "../base/errors.ts";

/** What this process has given up by `lockDown()`, as errors tell it later. Nothing of it ever comes back. */
export interface LockedDown {
  readonly uid: number | undefined;
  readonly capabilities: "none" | "keep";
  /** Undefined without a filter. */
  readonly files: "none" | "read" | "all" | undefined;
}

/** What somebody may try: to use bpf(2) and perf_event_open(2) anew, to open a file, to start a process. */
export type Deed = "privileged" | "files" | "processes";

const key = "ebpf-ts locked down";

/** Threads that are started from now on know it as well. */
export function rememberLockDown(state: LockedDown): void {
  setEnvironmentData(key, { ...state });
}

/** Why a deed is refused, to follow "Cannot …:"; undefined where no lock down keeps this process from it. */
export function lockedDownBy(deed: Deed): string | undefined {
  const state = getEnvironmentData(key) as unknown as LockedDown | undefined;
  const by = state === undefined ? undefined : reasons[deed](state);
  return by === undefined ? undefined : `this process was locked down by ${by}`;
}

/** For what would fail halfway, or with an error that says less. `action` follows "Cannot". */
export function refuseIfLockedDown(action: string, deed: Deed): void {
  const why = lockedDownBy(deed);
  if (why !== undefined) throw new EbpfError("NO_PRIVILEGE", `Cannot ${action}: ${why}`);
}

const reasons: Readonly<Record<Deed, (state: LockedDown) => string | undefined>> = {
  privileged: ({ files, capabilities }) => {
    if (files !== undefined) return "its seccomp filter, which leaves what is loaded and attached, and nothing new";
    return capabilities === "none" ? "lockDown(), and has no capabilities" : undefined;
  },
  files: ({ files, uid }) => {
    if (files === "none") return 'its seccomp filter, which opens no files (files: "none")';
    if (files === "read") return 'its seccomp filter, which opens files for reading only (files: "read")';
    return uid === undefined ? undefined : `lockDown(), and is user ${uid} now`;
  },
  processes: ({ files }) => (files === undefined ? undefined : "its seccomp filter, which starts no processes"),
};
