import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { promisify } from "node:util";
import { BenchFailure } from "./failure.ts";
import { NotRunnable } from "./not-runnable.ts";
import { goPeerSource, peerFolder, peerSource } from "./paths.ts";

const run = promisify(execFile);
const built = new Map<string, Promise<string>>();

/** Peers in Go; the others are in C. */
const goPeers: ReadonlySet<string> = new Set(["cilium"]);
/** Where Debian's packages have their sources. */
const goPath = "/usr/share/gocode";

/** The path of a peer's program, compiled from its source once a run. */
export function buildPeer(name: string): Promise<string> {
  let path = built.get(name);
  if (path === undefined) {
    path = goPeers.has(name) ? compileGo(name) : compileC(name);
    built.set(name, path);
  }
  return path;
}

async function compileC(name: string): Promise<string> {
  const output = await outputOf(name);
  try {
    await run("cc", ["-O2", "-Wall", "-o", output, peerSource(name), "-lbpf"]);
    return output;
  } catch (cause) {
    throw new BenchFailure(`Cannot build the peer ${name}: ${reasonOfC(failureOf(cause))}`, { cause });
  }
}

/** With what Debian has and nothing from the network. Few have it, so that the benchmark does without where it is missing. */
async function compileGo(name: string): Promise<string> {
  const output = await outputOf(name);
  const env = { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off", GOFLAGS: "", GOPATH: goPath };
  try {
    await run("go", ["build", "-o", output, "."], { cwd: goPeerSource(name), env });
    return output;
  } catch (cause) {
    throw new NotRunnable(`Cannot build the peer ${name}: ${reasonOfGo(failureOf(cause))}`, { cause });
  }
}

async function outputOf(name: string): Promise<string> {
  await mkdir(peerFolder, { recursive: true });
  return `${peerFolder}${name}`;
}

interface Failure {
  readonly code?: unknown;
  readonly text: string;
}

function failureOf(error: unknown): Failure {
  const { code, stderr = "", message } = error as { code?: unknown; stderr?: string; message: string };
  return { code, text: stderr.trim() || message };
}

function reasonOfC({ code, text }: Failure): string {
  if (code === "ENOENT") return "there is no C compiler, install one with: apt-get install gcc libc6-dev libbpf-dev";
  if (/bpf\/\w+\.h|-lbpf/.test(text)) return "libbpf is not installed, get it with: apt-get install libbpf-dev";
  return text;
}

function reasonOfGo({ code, text }: Failure): string {
  const install = "apt-get install golang-go golang-github-cilium-ebpf-dev";
  if (code === "ENOENT") return `there is no Go, get it with: ${install}`;
  if (text.includes("cannot find package")) return `cilium/ebpf is not installed, get it with: ${install}`;
  return text;
}
