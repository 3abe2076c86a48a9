/** Which tasks' events run programs: those of which all that is given holds. */
export interface TaskFilter {
  readonly pid?: number | undefined;
  readonly comm?: string | undefined;
  readonly uid?: number | undefined;
  /** A path in the unified hierarchy, as /proc/self/cgroup has it, for those in it and below. */
  readonly cgroup?: string | undefined;
}

/** What is asked of a task: a `Task` has it. */
interface FilteredTask {
  readonly tgid: number;
  readonly uid: number;
  readonly comm: string;
  readonly cgroup?: string | undefined;
}

export function passes({ pid, uid, comm, cgroup }: TaskFilter, task: FilteredTask): boolean {
  return (
    (pid === undefined || task.tgid === pid) &&
    (uid === undefined || task.uid === uid) &&
    (comm === undefined || task.comm === comm) &&
    (cgroup === undefined || isBelow(task.cgroup, cgroup))
  );
}

function isBelow(path: string | undefined, group: string): boolean {
  return path === group || (path !== undefined && path.startsWith(group === "/" ? "/" : `${group}/`));
}
