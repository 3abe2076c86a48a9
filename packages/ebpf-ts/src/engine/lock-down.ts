import { type Checks, checkOptions, optionsOf } from "../base/check-options.ts";
import { aBoolean, anArray, anObject, type Check, integer, oneOf, strings } from "../base/checks.ts";

/** Which files may be opened: none, those that are there for reading, or all that the user may. */
export type FileAccess = "none" | "read" | "all";

/** Whom a process becomes, by number: names stand in files, which its C library may read otherwise than this one. */
export interface LockDownUser {
  readonly uid: number;
  readonly gid: number;
  /** Further groups; by default none. */
  readonly groups?: readonly number[] | undefined;
}

/** What a seccomp filter leaves, beside what the runtime and this library need to go on. */
export interface SeccompOptions {
  /** By default none: nor can modules be imported, threads that load modules be started, or host names be looked up. */
  readonly files?: FileAccess | undefined;
  /** Sockets (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK) may be made, connected and listened on; by default true. Those that are open go on in any case. */
  readonly network?: boolean | undefined;
  /** Further system calls, by the kernel's names (`execve`), with any arguments. */
  readonly allow?: readonly string[] | undefined;
}

/** What a process gives up with `Collection.lockDown`. */
export interface LockDownOptions {
  /** Another user and group. Takes root, or CAP_SETUID and CAP_SETGID. */
  readonly user?: LockDownUser | undefined;
  /** `none` (the default) empties them in all threads, and fails before anything is done where that cannot be. */
  readonly capabilities?: "none" | "keep" | undefined;
  /** True (the default) is the filter without options; false leaves every system call that the user may make. */
  readonly seccomp?: boolean | SeccompOptions | undefined;
  /** Maps and variables of this collection are not written by user space any more; rings are. By default false. */
  readonly readOnly?: boolean | undefined;
  /** Names of event rings into which records will be injected: what it takes is loaded before. Those that were injected into already go on. */
  readonly inject?: readonly string[] | undefined;
}

/** What a process has given up, and what of a collection ends with it. */
export interface LockDownReport {
  readonly user: LockDownUser | undefined;
  readonly capabilities: "none" | "keep";
  /** True in any case: set-user-ID programs and file capabilities give nothing any more. */
  readonly noNewPrivileges: true;
  readonly seccomp: SeccompReport | undefined;
  readonly readOnly: boolean;
  /** What cannot be done any more that could be done before, a sentence each. */
  readonly ended: readonly string[];
}

/** The options of a filter, without gaps. */
export interface SeccompPlan {
  readonly files: FileAccess;
  readonly network: boolean;
  readonly allow: readonly string[];
}

/** The filter that a process has. */
export interface SeccompReport extends SeccompPlan {
  /**
   * Whether the runtime has an io_uring (Node 22 and later do), without which its event loop cannot go on: through that, code that calls the
   * system by itself can still open files and sockets as the user. It starts no programs, and makes no bpf(2) calls.
   */
  readonly ioUring: boolean;
}

/** What is to be known of a collection, and done with it, before a process gives up power. */
export interface LockableCollection {
  /** Starts and loads what could not be later. Called before anything is given up. */
  prepare(plan: LockDownPlan): Promise<void>;
  /** Throws BUSY where memory that can be written is in other hands. */
  refuseSeal(): void;
  /** Refuses what would write from now on. */
  seal(): void;
  /** What it cannot do any more. */
  ended(plan: LockDownPlan): readonly string[];
}

/** Options without gaps. */
export interface LockDownPlan {
  readonly user: LockDownUser | undefined;
  readonly capabilities: "none" | "keep";
  readonly seccomp: SeccompPlan | undefined;
  readonly readOnly: boolean;
  readonly inject: readonly string[];
}

/** How the host does it. */
export type LockDown = (plan: LockDownPlan, collection: LockableCollection) => Promise<LockDownReport>;

/** `uid_t` without -1, which means "as it is". */
const anId = integer(0, 2 ** 32 - 2);

const ids: Check = (value, what) => {
  anArray(value, what);
  for (const id of value as readonly unknown[]) anId(id, `A group in ${what.replace(/^The/, "the")}`);
};

const userChecks: Checks<LockDownUser> = { uid: anId, gid: anId, groups: ids };
const seccompChecks: Checks<SeccompOptions> = {
  files: oneOf("none", "read", "all"),
  network: aBoolean,
  allow: strings,
};

const seccomp: Check = (value, what) => {
  if (typeof value !== "boolean") optionsOf(seccompChecks)(value, what);
};

const user: Check = (value, what) => {
  anObject(value, what);
  optionsOf(userChecks)(value, what);
  const { uid, gid } = value as Partial<LockDownUser>;
  anId(uid, `The uid of ${what.replace(/^The/, "the")}`);
  anId(gid, `The gid of ${what.replace(/^The/, "the")}`);
};

const checks: Checks<LockDownOptions> = {
  user,
  capabilities: oneOf("none", "keep"),
  seccomp,
  readOnly: aBoolean,
  inject: strings,
};

/** Throws for what is misspelt or mistyped. */
export function planLockDown(options: LockDownOptions): LockDownPlan {
  checkOptions(options, checks, "lockDown()");
  const { seccomp: filter = true } = options;
  const { files = "none", network = true, allow = [] } = typeof filter === "object" ? filter : {};
  return {
    user: options.user,
    capabilities: options.capabilities ?? "none",
    seccomp: filter === false ? undefined : { files, network, allow: [...allow] },
    readOnly: options.readOnly ?? false,
    inject: options.inject ?? [],
  };
}
