import type { EbpfError } from "../../base/errors.ts";
import { callOut } from "../../base/call-out.ts";
import type { WorkerDispatchOptions } from "./worker-options.ts";

type Reporters<T> = Pick<WorkerDispatchOptions<T>, "onError" | "onValue" | "onDeath">;

/**
 * The functions that the user gave to be told of something. What one throws, or rejects the promise with that it returns, is the
 * dispatch's error: `onValue` and `onDeath` are told nothing more then, since they would throw it again and again.
 */
export class WorkerReports<T> {
  readonly #reporters: Reporters<T>;
  readonly #onThrow: (error: unknown) => void;
  readonly #silent = new Set<keyof Reporters<T>>();
  #pending = 0;
  #onSettled: () => void = () => {};

  constructor(reporters: Reporters<T>, onThrow: (error: unknown) => void) {
    this.#reporters = reporters;
    this.#onThrow = onThrow;
  }

  value(value: unknown, worker: number): void {
    this.#tell("onValue", () => this.#reporters.onValue?.(value, worker));
  }

  death(error: EbpfError): void {
    this.#tell("onDeath", () => this.#reporters.onDeath?.(error));
  }

  /** An event could not be handled. Without `onError`, or when that says so, the error ends it all. */
  error(error: unknown, event: T | undefined): void {
    const { onError } = this.#reporters;
    this.#call(
      () => (onError === undefined ? "stop" : onError(error, event)),
      (answer) => {
        if (answer === "stop") this.#onThrow(error);
      },
      this.#onThrow,
    );
  }

  /** The promises that they returned are settled. */
  async settled(): Promise<void> {
    while (this.#pending > 0) await new Promise<void>((resolve) => (this.#onSettled = resolve));
  }

  #tell(name: keyof Reporters<T>, call: () => unknown): void {
    if (this.#silent.has(name)) return;
    this.#call(
      call,
      () => {},
      (error) => {
        if (this.#silent.has(name)) return;
        this.#silent.add(name);
        this.#onThrow(error);
      },
    );
  }

  #call(call: () => unknown, onValue: (value: unknown) => void, onError: (error: unknown) => void): void {
    const end = (then: () => void): void => {
      this.#pending -= 1;
      then();
      if (this.#pending === 0) this.#onSettled();
    };
    this.#pending += 1;
    callOut(
      call,
      (value) => end(() => onValue(value)),
      (error) => end(() => onError(error)),
    );
  }
}
