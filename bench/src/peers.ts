import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { BenchFailure } from "./failure.ts";
import { peerFolder, peerSource } from "./paths.ts";

const run = promisify(execFile);
const built = new Map<string, Promise<string>>();

/** The path of a peer's program, compiled from its C once a run. */
export function buildPeer(name: string): Promise<string> {
  let path = built.get(name);
  if (path === undefined) {
    path = compile(name);
    built.set(name, path);
  }
  return path;
}

async function compile(name: string): Promise<string> {
  const output = `${peerFolder}${name}`;
  await mkdir(peerFolder, { recursive: true });
  try {
    await run("cc", ["-O2", "-Wall", "-o", output, peerSource(name), "-lbpf"]);
    return output;
  } catch (cause) {
    throw new BenchFailure(`Cannot build the peer ${name}: ${reason(cause)}`, { cause });
  }
}

function reason(error: unknown): string {
  const { code, stderr = "", message } = error as { code?: string; stderr?: string; message: string };
  if (code === "ENOENT") return "there is no C compiler, install one with: apt-get install gcc libc6-dev libbpf-dev";
  if (/bpf\/\w+\.h|-lbpf/.test(stderr)) return "libbpf is not installed, get it with: apt-get install libbpf-dev";
  return stderr.trim() || message;
}
