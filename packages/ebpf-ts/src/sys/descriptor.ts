import { EbpfError } from "../errors.ts";
import { func } from "./libc.ts";

/** What every open descriptor is, by its number: tests ask whether it is empty again. */
const open = new Map<number, string>();

/** Closes what nobody can close any more: the descriptor of a map that was dropped without `close()`. */
const dropped = new FinalizationRegistry<number>(closeNumber);

/** Names of the descriptors that this module still holds open. */
export function openDescriptors(): readonly string[] {
  return [...open.values()];
}

/** A file descriptor of this process. It is closed once; used afterwards it is an error, never somebody else's file. */
export class Descriptor {
  #fd: number;
  readonly #what: string;

  /** `what` names it in errors: `map events`. */
  constructor(fd: number, what: string) {
    this.#fd = fd;
    this.#what = what;
    open.set(fd, what);
    dropped.register(this, fd, this);
  }

  get fd(): number {
    if (this.#fd < 0) throw new EbpfError("CLOSED", `Cannot use ${this.#what}: it is closed`);
    return this.#fd;
  }

  get isOpen(): boolean {
    return this.#fd >= 0;
  }

  /** Idempotent. */
  close(): void {
    const fd = this.#fd;
    if (fd < 0) return;
    this.#fd = -1;
    dropped.unregister(this);
    closeNumber(fd);
  }
}

/** Linux frees the number also when close(2) fails, so it is never tried again. */
function closeNumber(fd: number): void {
  open.delete(fd);
  func("int close(int fd)")(fd);
}
