import { lstatSync, readdirSync, readlinkSync, realpathSync, type Stats } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { type ArchiveEntry, sizeOf } from "./cpio.ts";

/** The files of a guest, by their absolute paths: those of the host at the same place, and some of its own. */
export class GuestFiles {
  readonly #entries = new Map<string, ArchiveEntry>();
  readonly #limit: number;
  #size = 0;
  readonly #unreadable: string[] = [];

  /** Bytes that all files may have together. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** In an order in which parents come first. */
  get entries(): ReadonlyMap<string, ArchiveEntry> {
    return this.#entries;
  }

  get size(): number {
    return this.#size;
  }

  /** What this user may not read: the guest does not have it. */
  get unreadable(): readonly string[] {
    return this.#unreadable;
  }

  has(path: string): boolean {
    return this.#entries.has(path);
  }

  addFolder(path: string, mode = 0o755): void {
    if (path === "/" || this.has(path)) return;
    this.addFolder(dirname(path));
    this.#put(path, { kind: "folder", mode, mtime: 0 });
  }

  addText(path: string, text: string, mode = 0o644): void {
    this.addBytes(path, Buffer.from(text), mode);
  }

  addBytes(path: string, bytes: Uint8Array, mode = 0o644): void {
    this.addFolder(dirname(path));
    this.#put(path, { kind: "bytes", bytes, mode });
  }

  addLink(path: string, target: string): void {
    if (this.has(path)) return;
    this.addFolder(dirname(path));
    this.#put(path, { kind: "link", target, mtime: 0 });
  }

  /**
   * Adds what is at that path on the host, with every link and folder on the way there; gives where it is in the end. Throws where nothing
   * is.
   */
  addPath(path: string): string {
    // Throws for links that lead in a circle, too.
    realpathSync(path);
    let at = "/";
    for (const name of resolve(path).split("/").filter(Boolean)) at = this.#step(join(at, name));
    return at;
  }

  /** Adds a folder with all that is in it on the same file system, but for the names that are left out. */
  addTree(path: string, leftOut: ReadonlySet<string> = new Set()): void {
    const top = this.addPath(path);
    this.#addInside(top, lstatSync(top).dev, leftOut);
  }

  /** One part of a path: a link leads on. */
  #step(path: string): string {
    const stats = lstatSync(path);
    this.#putFromHost(path, stats);
    return stats.isSymbolicLink() ? this.addPath(resolve(dirname(path), readlinkSync(path))) : path;
  }

  #addInside(folder: string, device: number, leftOut: ReadonlySet<string>): void {
    for (const name of this.#namesIn(folder)) {
      const path = join(folder, name);
      const stats = leftOut.has(name) ? undefined : this.#look(path);
      if (stats === undefined) continue;
      this.#putFromHost(path, stats);
      if (stats.isDirectory() && stats.dev === device) this.#addInside(path, device, leftOut);
    }
  }

  #namesIn(folder: string): string[] {
    try {
      return readdirSync(folder);
    } catch {
      this.#unreadable.push(folder);
      return [];
    }
  }

  /** Undefined for what is gone meanwhile, or in a folder that this user may list and not enter. */
  #look(path: string): Stats | undefined {
    try {
      return lstatSync(path, { throwIfNoEntry: false });
    } catch {
      this.#unreadable.push(path);
      return undefined;
    }
  }

  /** Sockets, pipes and devices have nothing to copy. */
  #putFromHost(path: string, stats: Stats): void {
    if (this.has(path)) return;
    const { mode, size } = stats;
    const mtime = Math.max(0, Math.floor(stats.mtimeMs / 1000));
    if (stats.isDirectory()) this.#put(path, { kind: "folder", mode, mtime });
    else if (stats.isSymbolicLink()) this.#put(path, { kind: "link", target: readlinkSync(path), mtime });
    else if (stats.isFile()) this.#put(path, { kind: "file", source: path, size, mode, mtime });
  }

  #put(path: string, entry: ArchiveEntry): void {
    this.#entries.set(path, entry);
    this.#size += sizeOf(entry);
    if (this.#size <= this.#limit) return;
    throw new Error(
      `Cannot copy the current folder into the guest: it has more than ${Math.round(this.#limit / 2 ** 20)} MB, run it in a smaller one`,
    );
  }
}
