import { setImmediate as nextTurn } from "node:timers/promises";

/** For long outputs: what is written faster than it is read would pile up in memory. */
export class SteadyOutput {
  #lost = false;
  #ready: () => void = () => {};

  constructor() {
    process.stdout.once("error", () => {
      this.#lost = true;
      this.#ready();
    });
  }

  /** Waits until there is room again. False once nobody reads any more. */
  async next(): Promise<boolean> {
    if (process.stdout.writableNeedDrain && !this.#lost) {
      await new Promise<void>((resolve) => {
        this.#ready = resolve;
        process.stdout.once("drain", resolve);
      });
    } else {
      await nextTurn();
    }
    return !this.#lost;
  }
}
