import { LockDownError } from "../base/errors.ts";
import { errnoName } from "../uapi/errno.ts";

/** One thing that is done, and how to say that it was. */
export interface Step {
  readonly done: string;
  /** Gives 0 or a negative errno, or throws. */
  readonly run: () => number;
}

/** Adds to `done` what was. */
export function take(steps: readonly Step[], done: string[]): void {
  for (const step of steps) {
    const failure = tried(step);
    if (failure !== undefined) throw halfway(step, failure, done);
    done.push(step.done);
  }
}

interface Failure {
  readonly why: string;
  readonly cause?: unknown;
}

function tried({ run }: Step): Failure | undefined {
  try {
    const result = run();
    return result < 0 ? { why: errnoName(-result) } : undefined;
  } catch (cause) {
    return { why: (cause as Error).message, cause };
  }
}

function halfway(step: Step, { why, cause }: Failure, done: readonly string[]): LockDownError {
  const kept = done.length === 0 ? "nothing was done before" : `what was done before stays so: ${done.join("; ")}`;
  const message = `Cannot lock down whole: "${step.done}" is not so (${why}); ${kept}`;
  return new LockDownError("NO_PRIVILEGE", message, [...done], { cause });
}
