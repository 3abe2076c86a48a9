import { EbpfError } from "../base/errors.ts";
import type { LockDownPlan, LockDownUser } from "../engine/lock-down.ts";
import { type LockedDown, lockDownState } from "../host/locked-down.ts";
import { gid, isRoot, uid } from "../host/this-process.ts";
import { setGroup, setGroups, setUser } from "../sys/process/user.ts";
import type { Step } from "./steps.ts";
import { type Capabilities, CAP_SETGID, CAP_SETUID, capabilitiesOfProcess, hasCapability } from "./capabilities.ts";

/** What makes the process who it is to be. Throws, before anything is done, where it could not be done whole. */
export function identitySteps(plan: LockDownPlan): readonly Step[] {
  const before = lockDownState();
  if (before?.capabilities === "none") return stepsAfter(before, plan);
  const capabilities = capabilitiesOfProcess();
  if (capabilities === undefined) {
    throw new EbpfError("NOT_SUPPORTED", "Cannot lock down: there is no /proc, which tells who has which capabilities");
  }
  const user = wanted(plan);
  if (user !== undefined) requireRight(capabilities, plan);
  const steps = user === undefined ? [] : userSteps(user);
  if (plan.capabilities === "keep") {
    if (steps.length === 0 || !isRoot()) return steps;
    throw new EbpfError(
      "NOT_SUPPORTED",
      'Cannot lock down: the capabilities of root go with its name, leave out capabilities: "keep"',
    );
  }
  if (capabilities.any === 0n && !isRoot()) return steps;
  return [...(steps.length > 0 ? throughRoot(steps) : ownSteps(capabilities)), emptied];
}

/** Where it was locked down before, there is no way to become anybody else. */
function stepsAfter(before: LockedDown, { user }: LockDownPlan): readonly Step[] {
  if (user === undefined || (user.uid === uid() && user.gid === gid())) return [];
  const who = before.uid === undefined ? "" : ` and is user ${before.uid}`;
  throw new EbpfError(
    "NO_PRIVILEGE",
    `Cannot lock down: this process was locked down before${who}, and stays who it is`,
  );
}

/** Undefined where the process is that user already, and was not told of groups. */
function wanted({ user }: LockDownPlan): LockDownUser | undefined {
  const same = user !== undefined && user.uid === uid() && user.gid === gid() && user.groups === undefined;
  return same ? undefined : user;
}

function requireRight({ effective }: Capabilities, { user, capabilities }: LockDownPlan): void {
  if (!hasCapability(effective, CAP_SETUID) || !hasCapability(effective, CAP_SETGID)) {
    const message = `Cannot lock down: to become user ${user!.uid} takes root, or CAP_SETUID and CAP_SETGID`;
    throw new EbpfError("NO_PRIVILEGE", message);
  }
  if (user!.uid === 0 && capabilities === "none") {
    throw new EbpfError(
      "NO_PRIVILEGE",
      'Cannot lock down: root has capabilities, name another user, or capabilities: "keep"',
    );
  }
}

function userSteps({ uid: id, gid: group, groups = [] }: LockDownUser): Step[] {
  return [
    { done: `groups are ${groups.join(", ") || "none"}`, run: () => setGroups(groups) },
    { done: `group is ${group}`, run: () => setGroup(group) },
    { done: `user is ${id}`, run: () => setUser(id) },
  ];
}

/**
 * Linux empties capabilities by itself, in all threads, where a process goes from root to another user; so whoever has some without
 * being root is root first, for a moment.
 */
function throughRoot(steps: readonly Step[]): readonly Step[] {
  if (isRoot()) return steps;
  const last = steps.at(-1)!;
  const run = (): number => {
    const failure = setUser(0);
    return failure < 0 ? failure : last.run();
  };
  return [...steps.slice(0, -1), { done: last.done, run }];
}

function ownSteps({ effective }: Capabilities): readonly Step[] {
  if (isRoot()) {
    throw new EbpfError(
      "NO_PRIVILEGE",
      'Cannot lock down: root cannot empty the capabilities of all its threads, name another user, or capabilities: "keep"',
    );
  }
  if (!hasCapability(effective, CAP_SETUID)) {
    throw new EbpfError(
      "NO_PRIVILEGE",
      "Cannot lock down: this process has capabilities without being root, and only a thread itself can empty its own; " +
        'give it CAP_SETUID as well, by which they go in all threads, or say capabilities: "keep"',
    );
  }
  const id = uid();
  return throughRoot([{ done: `user is ${id}`, run: () => setUser(id) }]);
}

/** What is asked for is looked up, not believed. */
const emptied: Step = {
  done: "capabilities are none",
  run: () => {
    const { any } = capabilitiesOfProcess() ?? { any: -1n };
    if (any !== 0n) throw new Error(`threads still have the capabilities 0x${BigInt.asUintN(64, any).toString(16)}`);
    return 0;
  },
};
