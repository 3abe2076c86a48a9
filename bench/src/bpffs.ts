import { execFileSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BenchFailure } from "./failure.ts";

/** A bpf file system of the benchmark's own, where both sides find the same map and programs. */
export class BpfFileSystem {
  readonly path: string;
  #mounted = false;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), "ebpf-ts-bench-"));
    try {
      execFileSync("mount", ["-t", "bpf", "bpf", this.path], { stdio: "pipe" });
      this.#mounted = true;
    } catch (cause) {
      rmdirSync(this.path);
      throw new BenchFailure("Cannot mount a bpf file system for the benchmark: run it as root", { cause });
    }
  }

  /** What is pinned in it goes with it. Idempotent. */
  close(): void {
    if (!this.#mounted) return;
    this.#mounted = false;
    execFileSync("umount", [this.path], { stdio: "pipe" });
    rmdirSync(this.path);
  }
}
