import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import { arch } from "node:process";
import type { Engine } from "../engine.ts";
import type { Task } from "./machine/contracts.ts";
import { embeddedEngine } from "./user/embedded-engine.ts";
import type { EventSource } from "./sources/event-source.ts";
import { tracedCommands } from "./sources/ptrace/traced-commands.ts";

/** The embedded engine on Node, Bun or Deno: its events are system calls, and those of further sources; its task is this process. */
export async function hostedEmbeddedEngine(sources: readonly EventSource[] = []): Promise<Engine> {
  return embeddedEngine({
    sources: [tracedCommands(arch), ...sources],
    hostTask,
    architecture: arch === "arm64" ? "arm64" : "x64",
  });
}

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
