import type { FileAccess, LockDownPlan } from "../engine/lock-down.ts";
import { type LockedDown, lockDownState, rememberLockDown } from "../host/locked-down.ts";

type LockFilter = NonNullable<LockedDown["filter"]>;

/** Together with what was given up before. */
export function remember({ user, capabilities, readOnly, seccomp }: LockDownPlan): void {
  const before = lockDownState();
  const filter =
    before?.filter === undefined || seccomp === undefined ? (seccomp ?? before?.filter) : both(before.filter, seccomp);
  rememberLockDown({
    uid: user?.uid ?? before?.uid,
    capabilities: before?.capabilities === "none" ? "none" : capabilities,
    readOnly: readOnly || before?.readOnly === true,
    filter,
  });
}

const strictness: readonly FileAccess[] = ["all", "read", "none"];

/** Filters add up: a call must pass each. */
function both(one: LockFilter, other: LockFilter): LockFilter {
  const stricter = Math.max(strictness.indexOf(one.files), strictness.indexOf(other.files));
  return { files: strictness[stricter]!, allow: one.allow.filter((name) => other.allow.includes(name)) };
}
