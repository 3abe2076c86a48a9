/** Locks itself down, as whoever it was started: with some capabilities, or as root. Started by lock-down.test.ts with options in JSON. */
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { isMainThread, Worker } from "node:worker_threads";
import type { LockDownOptions } from "../../src/engine/lock-down.ts";
import { attempt, loadHere } from "./child.ts";

/** Which capabilities, and whether no new ones, each thread has: those that differ. */
function threads(): string {
  const found = readdirSync("/proc/self/task").map((tid) => {
    const status = readFileSync(`/proc/self/task/${tid}/status`, "utf8");
    return status
      .match(/^(Uid|CapPrm|CapEff|NoNewPrivs|Seccomp):.*$/gm)!
      .join(" ")
      .replaceAll("\t", " ");
  });
  return [...new Set(found)].join(" | ");
}

const options = JSON.parse(process.argv[2]!) as LockDownOptions;
if (process.argv[3] === "in a thread" && isMainThread) {
  await once(new Worker(new URL(import.meta.url), { argv: process.argv.slice(2) }), "exit");
} else {
  const bpf = await loadHere("maps", "embedded");
  await attempt("before", threads);
  await attempt("lock down", async () => void (await bpf.lockDown(options)));
  await attempt("after", threads);
  // Not by getgroups(): runtimes differ in whether the group of the process is one of them.
  await attempt("groups", () => {
    const status = readFileSync("/proc/self/status", "utf8");
    return `${/^Groups:(.*)$/m.exec(status)![1]!.trim()}, and ${process.getegid!()} itself`;
  });
  await attempt("map", () => bpf.map<number, bigint>("array").set(1, 2n));
  await bpf.close();
}
