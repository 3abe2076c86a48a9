import { knowThreads } from "../../host/threads/thread-lives.ts";
import { readIfThere } from "../../host/system-files.ts";
import { architecture, gid, pid, title, uid } from "../../host/this-process.ts";
import { cgroupFolder, cgroupPath } from "../../host/cgroup/cgroup-mounts.ts";
import { importHost } from "../../host/import-host.ts";
import type { HeldCommand, SpawnOptions } from "../command.ts";
import type { Engine, EngineOptions } from "../engine.ts";
import { monotonicNs } from "../../sys/process/clock.ts";
import { clockOf } from "./machine/clock.ts";
import type { Task } from "./machine/contracts.ts";
import { embeddedEngine } from "./user/embedded-engine.ts";
import type { EventSource } from "./sources/event-source.ts";
import { tracedCommands } from "./sources/ptrace/traced-commands.ts";

/** The embedded engine on Node, Bun or Deno: its events are system calls, and those of further sources; its task is this process. */
export async function hostedEmbeddedEngine(sources: readonly EventSource[] = []): Promise<Engine> {
  knowThreads();
  const engine = embeddedEngine({
    sources: [tracedCommands(architecture), ...sources],
    hostTask,
    cgroupPath: (folder) => cgroupPath(folder, `filter by the cgroup ${folder}`),
    clock: clockOf(monotonicNs),
    architecture: architecture === "arm64" ? "arm64" : "x64",
  });
  return { name: "embedded", hold, load: (spec, options) => engine.load(spec, withCgroupFolder(options)) };
}

async function hold(file: string, args: readonly string[], options: SpawnOptions): Promise<HeldCommand> {
  const { HeldTraced } = await importHost("the tracer", () => import("./sources/ptrace/held-command.ts"));
  return new HeldTraced(file, args, options);
}

function withCgroupFolder(options: EngineOptions): EngineOptions {
  const name = options.filter?.cgroup;
  if (name === undefined) return options;
  return { ...options, filter: { ...options.filter, cgroup: cgroupFolder(name, `filter by the cgroup ${name}`) } };
}

/** TASK_COMM_LEN without the NUL. */
const commLength = 15;

/** It reads no memory: what an object asks for is not ours to hand out. */
function hostTask(): Task {
  return {
    pid,
    tgid: pid,
    uid: uid(),
    gid: gid(),
    comm: ownComm(),
    cgroup: /^0::(.*)$/m.exec(readIfThere("/proc/self/cgroup") ?? "")?.[1],
  };
}

/** The kernel's name of the main thread, or what comes next to it where there is no /proc. */
function ownComm(): string {
  return readIfThere("/proc/self/comm")?.trimEnd() ?? title().slice(0, commLength);
}
