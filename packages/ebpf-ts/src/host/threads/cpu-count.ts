import { availableParallelism } from "node:os";

/** CPUs that this process may run on. */
export function cpuCount(): number {
  return availableParallelism();
}
