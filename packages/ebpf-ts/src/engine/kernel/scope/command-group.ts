import { atExit } from "../../../host/at-exit.ts";
import { cgroupId, cgroupsIn, makeCgroup, moveToCgroup, processesIn } from "../../../host/cgroup/cgroup-files.ts";
import { folderOf } from "../../../host/named-files.ts";
import { refusal, refusalCode } from "../../../host/refusal.ts";
import { publishFinding } from "../../../host/reporters.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { EbpfError } from "../../../base/errors.ts";
import { placeOfCgroup } from "./cgroup-place.ts";
import { Gate } from "./gate.ts";
import { makeGroup, removeGroup } from "./own-cgroup.ts";
import type { CgroupPlace, CommandCondition } from "./prologue.ts";

/** Milliseconds between two looks. */
const nap = 1;
/** A process that has ended leaves its group a moment later; and whoever forks is moved out again and again. */
const mostTries = 200;

/** Of a group with processes in it, or groups. */
const busy = "EBUSY";

/** A command that stands before its start, in nobody's group. */
export interface WaitingCommand {
  readonly file: string;
  readonly pid: number;
  /** How many it executes until it is itself. */
  readonly programs: number;
  readonly hasEnded: () => boolean;
  /** It becomes itself. */
  readonly go: () => void;
}

/**
 * The cgroup of a collection's commands, in which each has one of its own:
 *
 * ```text
 *   that of this process
 *     ebpf-ts.<namespace>.<pid>-<letters>    the scope: programs look for it among the current task's ancestors
 *       1, 2, …                              a command, and its descendants
 * ```
 */
export class CommandGroup {
  readonly #folder: string;
  readonly #place: CgroupPlace;
  readonly #gate: Gate;
  readonly #forget: () => void;
  #commands = 0;
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(folder: string, place: CgroupPlace, gate: Gate) {
    this.#folder = folder;
    this.#place = place;
    this.#gate = gate;
    this.#forget = atExit(() => void empty(folder));
  }

  static async make(sys: Sys): Promise<CommandGroup> {
    const folder = makeGroup();
    try {
      const place = await placeOfCgroup(sys, folder);
      return new CommandGroup(folder, place, await Gate.make(sys, place.level + 1));
    } catch (error) {
      removeGroup(folder);
      throw error;
    }
  }

  get condition(): CommandCondition {
    return { cgroup: this.#place, gate: this.#gate.fd };
  }

  /** Lets a command start in a group of its own: one after another. Resolves at its first instruction; once closed, it lets none. */
  async start(command: WaitingCommand): Promise<void> {
    if (this.#closed) return;
    const started = this.#queue.then(() => this.#start(command));
    this.#queue = started.catch(() => {});
    await started;
  }

  /** Moves whoever is left where the group was made, and removes it. Idempotent. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#forget();
    await this.#queue;
    this.#gate.close();
    let why = empty(this.#folder);
    for (let tries = 0; why === busy && tries < mostTries; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, nap));
      why = empty(this.#folder);
    }
    if (why !== undefined)
      publishFinding(`The cgroup ${this.#folder} could not be removed (${why}): it is left behind`);
  }

  async #start(command: WaitingCommand): Promise<void> {
    this.#commands += 1;
    const folder = `${this.#folder}/${this.#commands}`;
    makeCgroup(folder);
    const openers = await this.#gate.shut(cgroupId(folder), command.programs);
    try {
      move(folder, command);
      command.go();
      while (!this.#gate.isOpen) {
        if (command.hasEnded()) throw endedEarly(command.file);
        await new Promise((resolve) => setTimeout(resolve, nap));
      }
    } finally {
      this.#gate.open();
      openers.close();
    }
  }
}

function move(folder: string, command: WaitingCommand): void {
  try {
    moveToCgroup(folder, command.pid);
  } catch (cause) {
    if (refusalCode(cause) === "ESRCH") throw endedEarly(command.file);
    throw refusal(cause, `start ${command.file}`, (code) => {
      const message = `Cannot start ${command.file}: it cannot be moved to the cgroup ${folder} (${code})`;
      return new EbpfError("COMMAND", message, { cause });
    });
  }
}

function endedEarly(file: string): EbpfError {
  return new EbpfError("COMMAND", `Cannot start ${file}: it ended before its first instruction`);
}

/** Gives why the group is still there. Groups that a command has made in its own stay its own. */
function empty(folder: string): string | undefined {
  const above = folderOf(folder);
  try {
    for (const name of cgroupsIn(folder)) {
      for (const pid of processesIn(`${folder}/${name}`)) if (pid !== 0) moveOut(above, pid);
    }
  } catch (cause) {
    // Removed by somebody else, or not for us to look into.
    const code = refusalCode(cause);
    return code === "ENOENT" ? undefined : code;
  }
  return removeGroup(folder);
}

function moveOut(folder: string, pid: number): void {
  try {
    moveToCgroup(folder, pid);
  } catch {
    // It has ended meanwhile; or else the group cannot be removed, which is said.
  }
}
