import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname, resolve } from "node:path";

/**
 * Waits for a change of the files that an object is made from. Their folders are watched, since editors put a new file in the place of
 * the old.
 */
export class SourceWatch implements Disposable {
  readonly #files = new Set<string>();
  readonly #folders = new Map<string, FSWatcher>();
  #isChanged = false;
  #onChange: () => void = () => {};

  constructor(source: string) {
    this.#add(source);
  }

  /** The files that were read from that time on (milliseconds): one that changed since, unseen, counts as changed. */
  follow(files: readonly string[], since: number): void {
    for (const file of files) this.#add(file);
    if (files.some((file) => modified(file) > since)) this.#change();
  }

  /** Resolves with the next change, or at once when there was one since the last. */
  async changed(): Promise<void> {
    if (!this.#isChanged) await new Promise<void>((done) => void (this.#onChange = done));
    this.#isChanged = false;
  }

  [Symbol.dispose](): void {
    for (const watcher of this.#folders.values()) watcher.close();
  }

  #add(file: string): void {
    const path = resolve(file);
    this.#files.add(path);
    const folder = dirname(path);
    if (this.#folders.has(folder)) return;
    const watcher = watch(folder, (_, name) => {
      if (name === null || this.#files.has(resolve(folder, basename(name)))) this.#change();
    });
    this.#folders.set(folder, watcher);
  }

  #change(): void {
    this.#isChanged = true;
    this.#onChange();
  }
}

function modified(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
}
