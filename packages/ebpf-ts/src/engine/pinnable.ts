import { aPath } from "../base/checks.ts";
import { EbpfError, NotSupportedError } from "../base/errors.ts";

/** What can be kept alive under a path of a bpf file system (BPF_OBJ_PIN, Linux 4.4). The embedded engine has none. */
export interface Pinnable {
  /** Where it is pinned, as far as this process knows: by it, or where it was opened. */
  readonly pinnedAt?: string | undefined;
  /** At one path at a time, as libbpf has it: BUSY. */
  pin?(path: string): void;
  /** Removes the path. Throws NOT_FOUND where it has none, as far as this process knows, or where somebody else was faster. */
  unpin?(): void;
}

/** `title` names it in errors: `map flows`. */
export function pinObject(object: Pinnable | undefined, path: string, title: string): void {
  aPath(path, "The path of pin()");
  if (object?.pin === undefined) {
    const message = `Cannot pin ${title}: only the kernel engine can, load with engine: "kernel"`;
    throw new NotSupportedError("pin", message);
  }
  object.pin(path);
}

export function unpinObject(object: Pinnable | undefined, title: string): void {
  if (object?.unpin === undefined) throw new EbpfError("NOT_FOUND", `Cannot unpin ${title}: it is not pinned`);
  object.unpin();
}
