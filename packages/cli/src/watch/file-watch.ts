import { statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Milliseconds between two looks: what is the same in two of them is written to the end. */
const pause = 100;
/** Looks after which a file that changes all the time is taken as it is. */
const mostLooks = 20;

/** What of a file changes when somebody writes it, or puts another in its place. */
type Stamp = string;

const absent: Stamp = "absent";

/**
 * Waits for changes of files, which may be replaced, removed, and come back, with their folders as well. It looks, rather than asks the
 * kernel: a notice is of a folder that is there, and says nothing of the next one of that name, nor of a file on another machine.
 */
export class FileWatch {
  /** Each file as it was when it was last told of. */
  readonly #known = new Map<string, Stamp>();

  /** Throws where a folder is not there: then it is a slip of the pen. */
  constructor(files: readonly string[]) {
    for (const file of files) {
      const folder = dirname(file);
      if (stampOf(folder) === absent) throw new Error(`Cannot watch ${folder}: there is no such folder`);
      this.#known.set(resolve(file), stampOf(file));
    }
  }

  /** Watches these too, which were read from that time on (milliseconds): one that was changed since counts as changed. */
  follow(files: readonly string[], since: number): void {
    for (const file of files) {
      const path = resolve(file);
      if (this.#known.has(path)) continue;
      this.#known.set(path, modified(path) > since ? absent : stampOf(path));
    }
  }

  /** Resolves when some have changed and are at rest, with their absolute paths; at once when that was before it was called. */
  async changed(): Promise<ReadonlySet<string>> {
    let last = this.#changes();
    for (let looks = 0; ; looks += 1) {
      await sleep(pause);
      const now = this.#changes();
      if (now.size > 0 && (isSame(last, now) || looks > mostLooks)) return this.#tell(now);
      if (now.size === 0) looks = 0;
      last = now;
    }
  }

  #changes(): ReadonlyMap<string, Stamp> {
    const changes = new Map<string, Stamp>();
    for (const [path, known] of this.#known) {
      const stamp = stampOf(path);
      if (stamp !== known) changes.set(path, stamp);
    }
    return changes;
  }

  #tell(changes: ReadonlyMap<string, Stamp>): ReadonlySet<string> {
    for (const [path, stamp] of changes) this.#known.set(path, stamp);
    return new Set(changes.keys());
  }
}

function isSame(some: ReadonlyMap<string, Stamp>, others: ReadonlyMap<string, Stamp>): boolean {
  return some.size === others.size && [...some].every(([path, stamp]) => others.get(path) === stamp);
}

function stampOf(path: string): Stamp {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return absent;
  }
}

function modified(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity;
}
