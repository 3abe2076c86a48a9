import { Reports } from "./reports.ts";

/** What programs print that are run by hand: an `onPrint` that fails does not disturb the run, and is the error of whoever asked for it. */
export class PrintReports {
  readonly #onPrint: (line: string) => void;
  #reports: Reports = new Reports();

  constructor(onPrint: (line: string) => void) {
    this.#onPrint = onPrint;
  }

  readonly print = (line: string): void => this.#reports.tell(() => this.#onPrint(line));

  /** What `run` gives, once all that it has printed is told. What is printed may run a program itself, whose lines are its own. */
  async during<R>(run: () => R): Promise<R> {
    const outer = this.#reports;
    const reports = (this.#reports = new Reports());
    const errors: unknown[] = [];
    let result: R | undefined;
    try {
      result = run();
    } catch (error) {
      errors.push(error);
    } finally {
      this.#reports = outer;
    }
    await reports.settled();
    if (reports.failure !== undefined) errors.push(reports.failure.error);
    if (errors.length > 1)
      throw new AggregateError(errors, "A run went wrong, and so did the function that it printed to");
    if (errors.length === 1) throw errors[0];
    return result as R;
  }
}
