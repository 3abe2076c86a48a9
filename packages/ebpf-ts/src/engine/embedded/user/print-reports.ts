import { Reports } from "../../../base/reports.ts";
import type { RunOrigin } from "../machine/contracts.ts";

/** What programs print goes to the reports of whoever runs them. */
export class PrintReports {
  readonly #onPrint: (line: string, origin: RunOrigin) => void;
  #reports: Reports = new Reports();

  constructor(onPrint: (line: string, origin: RunOrigin) => void) {
    this.#onPrint = onPrint;
  }

  readonly print = (line: string, origin: RunOrigin): void => this.#reports.tell(() => this.#onPrint(line, origin));

  /** What is printed may run a program itself, whose lines are its own. */
  by<R>(reports: Reports, run: () => R): R {
    const outer = this.#reports;
    this.#reports = reports;
    try {
      return run();
    } finally {
      this.#reports = outer;
    }
  }

  /**
   * What a run by hand gives, once all that it has printed is told: an `onPrint` that fails does not disturb the run, and is the error of
   * whoever asked for it.
   */
  async during<R>(run: () => R): Promise<R> {
    const reports = new Reports();
    const errors: unknown[] = [];
    let result: R | undefined;
    try {
      result = this.by(reports, run);
    } catch (error) {
      errors.push(error);
    }
    await reports.settled();
    if (reports.failure !== undefined) errors.push(reports.failure.error);
    if (errors.length > 1)
      throw new AggregateError(errors, "A run went wrong, and so did the function that it printed to");
    if (errors.length === 1) throw errors[0];
    return result as R;
  }
}
