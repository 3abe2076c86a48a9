import { EbpfError, type Collection, type Command, type CommandExit } from "ebpf-ts";
import type { Ending } from "./ending.ts";
import { Terminal } from "../output/terminal.ts";

/** How long a command has to end by itself, in milliseconds; then it is killed. */
const grace = 2000;

/** The command of a run. Its end is the run's, and the run's end is its end. */
export class WatchedCommand {
  readonly #file: string;
  readonly #child: Command;
  readonly #terminal: Terminal;

  private constructor(file: string, child: Command, terminal: Terminal) {
    this.#file = file;
    this.#child = child;
    this.#terminal = terminal;
  }

  static async start(
    bpf: Collection,
    [file, ...args]: readonly [string, ...string[]],
    stdout: "inherit" | "stderr",
    end: Ending,
  ): Promise<WatchedCommand> {
    const terminal = new Terminal();
    const child = await bpf.spawn(file, args, { stdin: "inherit", stdout });
    child.exited.then(
      (exit) => end.byCommand(exit),
      (error: unknown) => end.fail(error),
    );
    return new WatchedCommand(file, child, terminal);
  }

  /** Ends it, if it has not ended. */
  async end(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => (timer = setTimeout(resolve, grace, "late")));
    this.#child.kill("SIGTERM");
    const outcome = await Promise.race([this.#child.exited, late]).catch(() => undefined);
    clearTimeout(timer);
    if (outcome === "late") this.#child.kill("SIGKILL");
    const killed = outcome === undefined || outcome === "late" || outcome.signal !== undefined;
    if (killed) this.#terminal.restore();
  }

  /** What its programs saw is printed all the same. */
  refuseSignal({ signal }: CommandExit): void {
    if (signal === undefined || signal === "SIGINT") return;
    throw new EbpfError(
      "COMMAND",
      `The command ${this.#file} was ended by ${signal}, so its events may not be all: see why it ends`,
    );
  }
}
