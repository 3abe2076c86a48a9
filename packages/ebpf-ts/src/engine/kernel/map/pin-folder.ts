import { EbpfError } from "../../../base/errors.ts";
import { folderOf, removeFolder, removeName } from "../../../host/named-files.ts";
import type { MapSpec } from "../../../spec/types.ts";
import { makePinFolder } from "../pin.ts";
import type { KernelMap } from "./kernel-map.ts";

/** Where the maps of one object are pinned by name (LIBBPF_PIN_BY_NAME), and what was made there for it. */
export class PinFolder {
  readonly #root: string;
  readonly #pins: string[] = [];
  /** From the outermost on. */
  readonly #folders: string[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  /** An object must not choose where in the system it is pinned. */
  pathOf({ name, pinPath }: MapSpec): string {
    if (pinPath !== undefined) return pinPath;
    if (name !== "" && name !== "." && name !== ".." && !/[/\0]/.test(name)) return `${this.#root}/${name}`;
    throw new EbpfError("BAD_OBJECT", `Cannot pin map ${JSON.stringify(name)} by its name: that is no name of a file`);
  }

  /** Makes the folder, unless that is outside of a bpf file system. */
  prepare(path: string, { name }: MapSpec): void {
    this.#folders.push(...makePinFolder(folderOf(path), `map ${name}`));
  }

  pin(map: KernelMap, path: string): void {
    map.pin(path);
    this.#pins.push(path);
  }

  /** Removes what was made here, for a load that failed. What others have put into a folder meanwhile keeps it. */
  takeBack(): void {
    for (const pin of this.#pins.splice(0).reverse()) attempt(() => removeName(pin));
    for (const folder of this.#folders.splice(0).reverse()) attempt(() => removeFolder(folder));
  }
}

/** The failure of the load is the one to tell. */
function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // Somebody else was faster, or has a use for it.
  }
}
