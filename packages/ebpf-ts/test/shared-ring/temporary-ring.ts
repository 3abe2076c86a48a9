import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SharedRing, type SharedRingOptions } from "../../src/shared-ring/shared-ring.ts";
import { shmFolder } from "./shm.ts";

/** A ring at a path, and its folder, which is gone when the block ends. */
export class TemporaryRing {
  readonly path: string;
  readonly ring: SharedRing;
  readonly #folder: string;

  constructor(options: Omit<SharedRingOptions, "path"> = {}) {
    this.#folder = mkdtempSync(join(shmFolder(), "ebpf-ts-ring-"));
    this.path = join(this.#folder, "ring");
    this.ring = SharedRing.create({ size: 65536, ...options, path: this.path });
  }

  [Symbol.dispose](): void {
    this.ring.close();
    rmSync(this.#folder, { recursive: true });
  }
}
