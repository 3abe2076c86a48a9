import { EbpfError, NotSupportedError } from "../base/errors.ts";
import { ownThread } from "../base/thread-lives.ts";
import type { LockableCollection, LockDownPlan, LockDownReport, SeccompReport } from "../engine/lock-down.ts";
import { lastingOperations } from "../host/lasting-operations.ts";
import { runningCommands } from "../host/running-commands.ts";
import { knowThreads } from "../host/threads/thread-lives.ts";
import { linkTarget, namesIn } from "../host/system-files.ts";
import { architecture, inMainThread, pid, platform, settleTimeZone, uid } from "../host/this-process.ts";
import { AuditArchitecture } from "../sys/seccomp/classic-bpf.ts";
import { filterAllThreads, giveUpNewPrivileges, ownSyscalls } from "../sys/seccomp/install.ts";
import { noFilter, processFilter } from "./filter/process-filter.ts";
import { identitySteps } from "./identity.ts";
import { remember } from "./remember.ts";
import { type Step, take } from "./steps.ts";

/**
 * Gives up what loading needed, for good and in all threads of the process, in this order:
 *
 * 1. Refused, with nothing done: another thread than the main one, another system than Linux, capabilities that cannot be emptied
 *    everywhere, a user that cannot be changed to, system calls that do not exist, commands that could not be ended any more,
 *    nor operations of the kernel (struct_ops) that have no link.
 * 2. Prepared, which costs nothing if the rest fails: threads that could not be started later, files that could not be opened.
 * 3. The maps are read-only, if they are to be.
 * 4. Groups, group and user change; the capabilities go with them, which is looked up in each thread.
 * 5. No new privileges; then the filter, which brings that to all threads.
 *
 * A step of 3 to 5 that fails is a LockDownError, which says what was done before: that stays so.
 */
export async function lockDown(plan: LockDownPlan, collection: LockableCollection): Promise<LockDownReport> {
  refuseElsewhere();
  const identity = identitySteps(plan);
  refuseCommands(plan);
  refuseOperations(plan);
  const seccomp = plan.seccomp === undefined ? undefined : { ...plan.seccomp, ioUring: hasIoUring() };
  refuseStrangers(seccomp);
  if (plan.readOnly) collection.refuseSeal();
  await collection.prepare(plan);
  // One may have been started meanwhile.
  refuseCommands(plan);
  refuseOperations(plan);
  const filter = filterFor(plan, seccomp);
  settle();
  // From here on nothing else of this thread comes in between.
  if (plan.readOnly) collection.refuseSeal();
  const done: string[] = [];
  take([...sealSteps(plan, collection), ...identity], done);
  remember({ ...plan, seccomp: undefined });
  take(filterSteps(filter, seccomp !== undefined), done);
  remember(plan);
  const { user, capabilities, readOnly } = plan;
  return { user, capabilities, noNewPrivileges: true, seccomp, readOnly, ended: collection.ended(plan) };
}

/** What stands in files that may be out of reach later. */
function settle(): void {
  settleTimeZone();
  knowThreads();
  ownThread();
}

function sealSteps({ readOnly }: LockDownPlan, collection: LockableCollection): readonly Step[] {
  const run = (): number => {
    collection.seal();
    return 0;
  };
  return readOnly ? [{ done: "maps are read-only", run }] : [];
}

function refuseElsewhere(): void {
  if (platform !== "linux") throw new NotSupportedError("lockDown", `Cannot lock down on ${platform}: it takes Linux`);
  if (inMainThread) return;
  throw new NotSupportedError(
    "lockDown",
    "Cannot lock down from a thread: it is for the whole process, and done in its main thread",
  );
}

/** Whoever becomes another user may send no signal to what the first one started; a tracer asks /proc about its tasks. */
function refuseCommands({ user, seccomp }: LockDownPlan): void {
  const commands = runningCommands();
  const [first] = commands;
  if (first !== undefined && user !== undefined && user.uid !== uid()) {
    const message = `Cannot lock down: user ${user.uid} could not end the command ${first.file}, which runs; end it before, or start it as that user`;
    throw new EbpfError("BUSY", message);
  }
  const traced = commands.find((command) => command.traced);
  if (traced === undefined || seccomp?.files !== "none") return;
  const message = `Cannot lock down: the command ${traced.file} is traced, for which files of /proc are read; say seccomp: { files: "read" }`;
  throw new EbpfError("BUSY", message);
}

/** What no link keeps in use ends by a write to its map. */
function refuseOperations({ capabilities, readOnly, seccomp }: LockDownPlan): void {
  const writesNone = readOnly && seccomp?.allow.includes("bpf") === false;
  const [first] = lastingOperations().filter(({ privileged }) => writesNone || (privileged && capabilities === "none"));
  if (first === undefined) return;
  const option = writesNone ? "readOnly: false" : 'capabilities: "keep"';
  const message = `Cannot lock down: operations of the kernel that have no link (map ${first.map}) could not be detached any more, and would outlive this process; detach them before, define them in section ".struct_ops.link" (Linux 6.4), or say ${option}`;
  throw new EbpfError("BUSY", message);
}

function refuseStrangers(seccomp: SeccompReport | undefined): void {
  const numbers = ownSyscalls();
  const stranger = seccomp?.allow.find((name) => numbers[name] === undefined);
  if (stranger === undefined) return;
  throw new EbpfError("NOT_FOUND", `Cannot lock down: there is no system call ${stranger} on ${architecture}`);
}

function filterFor({ readOnly }: LockDownPlan, seccomp: SeccompReport | undefined): Uint8Array {
  if (seccomp === undefined) return noFilter;
  return processFilter({
    numbers: ownSyscalls(),
    audit: architecture === "arm64" ? AuditArchitecture.arm64 : AuditArchitecture.x64,
    pid,
    files: seccomp.files,
    network: seccomp.network,
    also: seccomp.allow,
    readOnly,
    traces: runningCommands().some(({ traced }) => traced),
    ring: seccomp.ioUring,
  });
}

/** Node 22 and later have one in each event loop. Where it cannot be told, the event loop is not risked. */
function hasIoUring(): boolean {
  try {
    return namesIn("/proc/self/fd").some((fd) => targetOf(fd) === "anon_inode:[io_uring]");
  } catch {
    return true;
  }
}

function targetOf(fd: string): string | undefined {
  try {
    return linkTarget(`/proc/self/fd/${fd}`);
  } catch {
    return undefined; // the folder itself, which is closed again
  }
}

/** Without a filter of its own the process gets one that allows everything: no_new_privs reaches the other threads with it alone. */
function filterSteps(filter: Uint8Array, filters: boolean): readonly Step[] {
  const install = (): number => {
    const result = filterAllThreads(filter);
    if (result > 0) throw new Error(`thread ${result} has a filter of its own`);
    return result;
  };
  return [
    { done: "this thread gets no new privileges", run: giveUpNewPrivileges },
    { done: filters ? "system calls are filtered" : "no thread gets new privileges", run: install },
  ];
}
