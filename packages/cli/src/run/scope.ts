import type { Collection, EventFilter, LoadOptions } from "ebpf-ts";

/** What says whose events are printed. */
export interface ScopeArguments extends EventFilter {
  readonly all?: boolean;
  readonly command: readonly string[];
}

/** A command's events are its own, whatever the engine. */
export function scopeOptions(options: ScopeArguments): Pick<LoadOptions, "scope" | "filter"> {
  const { all = false, command, pid, comm, uid, cgroup } = options;
  const filter = { pid, comm, uid, cgroup };
  if (all) return { scope: "system", filter };
  return command.length > 0 ? { scope: "command", filter } : { filter };
}

/** Once programs are attached: those that the scope means nothing to. */
export function scopeExceptions({ scope }: Collection): string[] {
  return scope.exceptions.map(
    ({ program, reason }) => `${program} gets everybody's events, not those of the command or filter alone: ${reason}`,
  );
}
