/** What a process that is locked down cannot do any more, and what it is told. Started by lock-down.test.ts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createConnection } from "node:net";
import { Worker } from "node:worker_threads";
import { load, openById, openPinned } from "../../src/index.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { errno, func } from "../../src/sys/ffi/libc.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { errnoName } from "../../src/uapi/errno.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import { fixturePath } from "../support/fixtures.ts";
import { SharedRing } from "../../src/shared-ring/index.ts";
import { dispatchToWorkers } from "../../src/workers/index.ts";
import { attempt, loadHere, nobody, statusLines } from "./child.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;

const rings = await loadHere("kernel-ring", "kernel");
const perf = await loadHere("perf", "kernel");
const attached = await loadHere("kernel-attach", "kernel");
const { id } = attached.map(attached.spec.maps[0]!.name).info;
const other = await loadHere("memory", "kernel");
const open = new Worker("require('node:worker_threads').parentPort.on('message', () => {})", { eval: true });
await once(open, "online");

const command = await rings.spawn("sleep", ["60"], { stdout: "ignore" });
await attempt("with a command", () => rings.lockDown({ user: nobody }));
command.kill("SIGKILL");
await command.exited;

await rings.lockDown({ user: nobody, seccomp: { files: process.argv[2] as "none" | "read" } });

if (process.argv[2] === "read") {
  await attempt("status", () => statusLines("Uid", "CapPrm", "CapEff", "CapAmb", "NoNewPrivs", "Seccomp"));
  await attempt("dumpable", () =>
    String(func("int prctl(int option, ulong a, ulong b, ulong c, ulong d)")(3, 0, 0, 0, 0) !== 1),
  );
  await attempt("read a file", () => readFileSync("/etc/passwd").length > 0);
}

const answer = (result: number): string => (result < 0 ? errnoName(-result) : "allowed");
await attempt("ptrace", () => {
  const seize = 0x4206;
  const result = func("long ptrace(long request, int pid, size_t addr, size_t data)")(seize, process.ppid, 0, 0);
  return answer(result < 0 ? -errno() : result);
});
await attempt("bpf", () => {
  const array = new KernelStruct(BpfAttr.map_create, { map_type: 2, key_size: 4, value_size: 4, max_entries: 1 });
  return answer(linuxSys().bpf(Command.MAP_CREATE, array));
});
await attempt("setuid", () => process.setuid!(0));
// By the call itself: Deno's errors of processes that do not start have no code.
await attempt("exec", () => {
  func("int execve(const char *path, intptr_t argv, intptr_t env)")("/bin/true", 0, 0);
  throw Object.assign(new Error("execve"), { code: errnoName(errno()) });
});
await attempt("spawn of Node", async () => {
  const [error] = (await once(spawn("true"), "error")) as [NodeJS.ErrnoException];
  throw error;
});
await attempt("write a file", () => writeFileSync("/tmp/ebpf-ts-locked-down", ""));

await attempt("load", () => load(fixturePath("kernel-ring.bpf.o"), { engine: "kernel" }));
await attempt("attach", () => attached.program("on_raw_tracepoint").attach());
await attempt("spawn", () => rings.spawn("true"));
await attempt("open by id", () => openById(id));
await attempt("open pinned", () => openPinned("/sys/fs/bpf/no-such-map"));
await attempt("pin", () => attached.map(attached.spec.maps[0]!.name).pin("/sys/fs/bpf/ebpf-ts-locked-down"));
await attempt("perf", () => perf.perfEventArray("blobs"));
await attempt("inject", () => rings.ringBuf("events").inject(new Uint8Array(8)));
await attempt("shared ring", () => void SharedRing.create({ size: 65_536 }));
await attempt("workers", () => dispatchToWorkers(rings.ringBuf("others"), "/no/such.js", { workers: 1 }));
await attempt("size", () => rings.ringBuf("others").prepareInjection(Number.NaN));
await attempt("socket", async () => {
  const [error] = (await once(createConnection({ host: "127.0.0.1", port: 1 }), "error")) as [NodeJS.ErrnoException];
  return error.code!;
});

// What was refused has broken nothing.
await attempt("map", () => {
  other.map<number, bigint>("unmapped").set(1, 2n);
  return Number(other.map<number, bigint>("unmapped").get(1));
});
await attempt("again", async () => (await other.lockDown({ seccomp: { network: false } })).capabilities);
await attempt("again as root", () => other.lockDown({ user: { uid: 0, gid: 0 } }));
// By the call itself: Bun says ECONNREFUSED of whatever keeps it from a connection.
await attempt("socket after that", () => {
  const socket = func("int socket(int family, int type, int protocol)")(AF_INET, SOCK_STREAM, 0);
  return socket < 0 ? errnoName(errno()) : "opened";
});
await attempt("close", async () => {
  for (const bpf of [rings, perf, attached, other]) await bpf.close();
});
process.exit(0);
