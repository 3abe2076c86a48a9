import { bytesForThreads } from "../../../../base/shared-bytes.ts";
import { sendSignal } from "../../../../host/signals.ts";

/**
 * What the main thread must be able to tell, and ask of, a thread that sleeps in waitpid(2): three words of shared memory.
 *
 * ```text
 *   0  closing   1 once the main thread wants the end
 *   1  wake      a live task; its death wakes the tracing thread. 0 when there is none
 *   2  command   process id of the command; 0 before it is started and once it has ended
 * ```
 * Closing pairs `closing` with `wake` (both sequentially consistent): the main thread writes the first, then reads the second;
 * the tracing thread writes the second, then reads the first. So either it sees the wish, or the main thread sees whom to kill.
 */
export class TraceControl {
  readonly shared: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(shared: SharedArrayBuffer = bytesForThreads(12, "trace a command")) {
    this.shared = shared;
    this.#words = new Int32Array(shared);
  }

  get closing(): boolean {
    return Atomics.load(this.#words, 0) !== 0;
  }

  get wake(): number {
    return Atomics.load(this.#words, 1);
  }

  set wake(tid: number) {
    Atomics.store(this.#words, 1, tid);
  }

  get command(): number {
    return Atomics.load(this.#words, 2);
  }

  set command(pid: number) {
    Atomics.store(this.#words, 2, pid);
  }

  /** Main thread: ends everything that is traced. Does not wait. */
  close(): void {
    Atomics.store(this.#words, 0, 1);
    const tid = this.wake;
    if (tid !== 0) sendSignal(tid, "SIGKILL");
  }
}
