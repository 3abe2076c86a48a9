/** A command that this process has started, until nothing of it is to be done any more. */
export interface RunningCommand {
  /** For errors. */
  readonly file: string;
  /** Whether a thread of this process traces it. */
  readonly traced: boolean;
}

const running = new Set<RunningCommand>();

/** To be called when it is started; gives what is to be called when it has ended. */
export function commandRuns(command: RunningCommand): () => void {
  running.add(command);
  return () => running.delete(command);
}

/** Of all collections of this thread. */
export function runningCommands(): readonly RunningCommand[] {
  return [...running];
}
