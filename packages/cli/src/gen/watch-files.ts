import { type FSWatcher, statSync, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Milliseconds: compilers write a file in several pieces. */
const settleMs = 50;

/**
 * Calls back for every file at once, and again whenever it changes, one call at a time. Its folder is watched, for compilers put a new file
 * in the place of the old one. Ends when a folder cannot be watched any more.
 */
export function watchFiles(paths: readonly string[], onChange: (path: string) => Promise<void>): Promise<void> {
  return new Promise((_, reject) => {
    const changes = new Changes(onChange);
    const watchers: FSWatcher[] = [];
    const fail = (folder: string, error: unknown): void => {
      for (const watcher of watchers) watcher.close();
      const { code } = error as NodeJS.ErrnoException;
      reject(new Error(`Cannot watch ${folder}: ${code === "ENOENT" ? "there is no such folder" : code}`));
    };
    for (const folder of new Set(paths.map((path) => dirname(path)))) {
      const files = new Map(
        paths.filter((path) => dirname(path) === folder).map((path) => [basename(path), path] as const),
      );
      try {
        // Deno tells of a folder that is not there only later.
        statSync(folder);
        const watcher = watch(folder, (_event, name) => {
          const path = name === null ? undefined : files.get(name);
          if (path !== undefined) changes.note(path);
        });
        watcher.on("error", (error) => fail(folder, error));
        watchers.push(watcher);
      } catch (error) {
        fail(folder, error);
        return;
      }
    }
    for (const path of paths) changes.note(path);
  });
}

/** Changes that come together are one. */
class Changes {
  readonly #onChange: (path: string) => Promise<void>;
  readonly #noted = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  constructor(onChange: (path: string) => Promise<void>) {
    this.#onChange = onChange;
  }

  note(path: string): void {
    this.#noted.add(path);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settle(), settleMs);
  }

  #settle(): void {
    const paths = [...this.#noted];
    this.#noted.clear();
    this.#working = this.#working.then(async () => {
      for (const path of paths) await this.#onChange(path);
    });
  }
}
