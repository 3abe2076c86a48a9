import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { arch } from "node:process";
import { NotSupportedError } from "../../base/errors.ts";
import { importHost } from "../../host/import-host.ts";
import type { Engine } from "../engine.ts";
import type { MachineProgramImage, Task } from "./machine/contracts.ts";
import {
  embeddedEngine,
  type CommandRequest,
  type CommandSource,
  type SourcedCommand,
} from "./user/embedded-engine.ts";
import { syscallAttachPoint } from "./sources/ptrace/attach-point.ts";

/** The embedded engine on Node, Bun or Deno: its events are system calls, its task is this process. */
export async function hostedEmbeddedEngine(): Promise<Engine> {
  return embeddedEngine({ source: ptraceSource, hostTask, architecture: arch === "arm64" ? "arm64" : "x64" });
}

const ptraceSource: CommandSource = {
  checkAttach({ name, kind, attachTo }: MachineProgramImage): void {
    if (syscallAttachPoint(kind, attachTo, arch) !== undefined) return;
    const message = `Cannot attach program ${name} to ${kind}/${attachTo}: traced commands have no such event`;
    throw new NotSupportedError(`${kind}/${attachTo}`, message);
  },

  /** What traces is loaded only now: it needs Linux, and calls into the system. */
  async start({ image, file, args, spawn, onPrint, onFault }: CommandRequest): Promise<SourcedCommand> {
    const { startTraced } = await importHost("the tracer", () => import("./sources/ptrace/start-traced.ts"));
    return await startTraced({ image, file, args, spawn, onPrint, onFault });
  },
};

/** TASK_COMM_LEN without the NUL. */
const commLength = 15;

function hostTask(): Task {
  return {
    pid: process.pid,
    tgid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    comm: ownComm(),
    readUser: readOwnMemory,
  };
}

/** The kernel's name of the main thread, or what comes next to it where there is no /proc. */
function ownComm(): string {
  try {
    return readFileSync("/proc/self/comm", "utf8").trimEnd();
  } catch {
    return process.title.slice(0, commLength);
  }
}

/** False where /proc is not there, or the address is not. */
function readOwnMemory(address: bigint, into: Uint8Array): boolean {
  try {
    const fd = openSync("/proc/self/mem", "r");
    try {
      return readSync(fd, into, 0, into.length, address) === into.length;
    } finally {
      closeSync(fd);
    }
  } catch {
    return false;
  }
}
