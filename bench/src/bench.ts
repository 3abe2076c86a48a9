import { availableParallelism } from "node:os";
import { BpfFileSystem } from "./bpffs.ts";
import { Child, killChildren } from "./child.ts";
import { oursScript } from "./paths.ts";
import { buildPeer } from "./peers.ts";

export interface BenchOptions {
  /** Of one turn. */
  readonly seconds: number;
  readonly pairs: number;
}

/** Ours and the peers run on the first core; what runs in the kernel has the second one, if there is one. */
const userCore = 0;
const kernelCore: number = Math.min(1, availableParallelism() - 1);

/** Seconds before a turn's measurement begins. */
const warmUp = 0.2;
/**
 * V8 compiles what runs often in the first seconds, and collects what a start leaves after eight: costs of the start, which say nothing of a
 * process that has run for longer.
 */
const settleSeconds = 12;

/** What a case has to work with: processes on cores, the peers' programs, and a place to pin. */
export class Bench {
  readonly options: BenchOptions;
  readonly #files: BpfFileSystem;
  #folders = 0;

  constructor(options: BenchOptions) {
    this.options = options;
    this.#files = new BpfFileSystem();
  }

  get warmUp(): number {
    return warmUp;
  }

  /** Repeats a turn of ours until the process is past its start. */
  async settle(turn: () => Promise<unknown>): Promise<void> {
    const each = this.options.seconds + warmUp;
    for (let settled = 0; settled < settleSeconds; settled += each) await turn();
  }

  /** A folder to pin in, another one each time. */
  pinFolder(): string {
    this.#folders += 1;
    return `${this.#files.path}/${this.#folders}`;
  }

  /** A script of ours on the first core, its threads included. */
  ours(script: string, args: readonly string[]): Child {
    return new Child(script, userCore, process.execPath, [oursScript(script), ...args]);
  }

  /** Compiles a peer's program now, rather than when it is first started. */
  async build(name: string): Promise<void> {
    await buildPeer(name);
  }

  async peer(name: string, args: readonly string[]): Promise<Child> {
    return new Child(name, userCore, await buildPeer(name), args);
  }

  /** A peer's program on the core of what runs in the kernel. */
  async otherCore(name: string, args: readonly string[]): Promise<Child> {
    return new Child(name, kernelCore, await buildPeer(name), args);
  }

  /** Ends the processes that are left. */
  endProcesses(): void {
    killChildren();
  }

  /** Ends the processes that are left and takes the pins away. Idempotent. */
  close(): void {
    killChildren();
    this.#files.close();
  }
}
