import { EbpfError } from "../../../../base/errors.ts";
import { importHost } from "../../../../host/import-host.ts";
import { refuseIfLockedDown } from "../../../../host/locked-down.ts";
import type { EngineCommand, HeldCommand, SpawnOptions } from "../../../command.ts";
import type { AttachPlace } from "../attach-place.ts";
import type { AttachPoint, EventSource, RunningSource, SourceHost } from "../event-source.ts";
import { syscallAttachPoint } from "./attach-point.ts";
import { syscallContextType } from "./context-types.ts";
import type { HeldTraced } from "./held-command.ts";
import type { TracedCommand } from "./start-traced.ts";
import { TracedPrograms } from "./traced-programs.ts";

/** The system calls of the commands that a collection starts, and of their children. Needs Linux, and no privilege. */
export function tracedCommands(architecture: string): EventSource {
  return {
    name: "system calls of traced commands",
    places: ["tracepoint/syscalls/*", "tracepoint/raw_syscalls/*", "raw_tp/sys_enter", "raw_tp/sys_exit"],
    start: (host) => new TracedCommands(host, architecture),
  };
}

class TracedCommands implements RunningSource {
  readonly #host: SourceHost;
  readonly #architecture: string;
  readonly #programs = new TracedPrograms();
  readonly #commands = new Set<TracedCommand>();
  #stopped = false;

  constructor(host: SourceHost, architecture: string) {
    this.#host = host;
    this.#architecture = architecture;
    for (const place of host.programs) this.#addIfHere(place);
  }

  find(place: AttachPlace): AttachPoint | undefined {
    const point = syscallAttachPoint(place, this.#architecture);
    if (point === undefined) return undefined;
    const context = syscallContextType(point, this.#architecture);
    return { context, attach: (program) => this.#programs.attach(program, point) };
  }

  /** What traces is loaded only now: it needs Linux, and calls into the system. */
  async spawn(file: string, args: readonly string[], spawn: SpawnOptions): Promise<EngineCommand> {
    return this.#trace(file, args, spawn, undefined);
  }

  async startHeld(held: HeldCommand): Promise<EngineCommand> {
    const { HeldTraced: Held } = await importHost("the tracer", () => import("./held-command.ts"));
    if (!(held instanceof Held)) throw new TypeError("Cannot start a command that another engine holds");
    return this.#trace(held.file, [], {}, held);
  }

  async #trace(
    file: string,
    args: readonly string[],
    spawn: SpawnOptions,
    held: HeldTraced | undefined,
  ): Promise<EngineCommand> {
    refuseIfLockedDown(`start ${file}`, "processes");
    const { startTraced } = await importHost("the tracer", () => import("./start-traced.ts"));
    const { onPrint, onFault } = this.#host;
    const image = this.#host.shareImage("trace a command");
    const command = await startTraced({ image, places: this.#programs.all, file, args, spawn, held, onPrint, onFault });
    this.#commands.add(command);
    if (this.#stopped) await command.close();
    return command;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    const ends = await Promise.allSettled([...this.#commands].map((command) => command.close()));
    for (const end of ends) if (end.status === "rejected") throw end.reason;
  }

  /** A program may be attached there at any time. A system call that does not exist here is said when it is. */
  #addIfHere(place: AttachPlace): void {
    try {
      const point = syscallAttachPoint(place, this.#architecture);
      if (point !== undefined) this.#programs.add(point);
    } catch (error) {
      if (!(error instanceof EbpfError)) throw error;
    }
  }
}
