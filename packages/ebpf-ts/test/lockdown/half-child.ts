/** A thread has a filter of its own, so that none can be put over all of them: a lock down that fails halfway. Started by lock-down.test.ts. */
import { once } from "node:events";
import { isMainThread, parentPort, Worker } from "node:worker_threads";
import { LockDownError } from "../../src/base/errors.ts";
import { noFilter } from "../../src/lockdown/filter/process-filter.ts";
import { func } from "../../src/sys/ffi/libc.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { giveUpNewPrivileges, ownSyscalls } from "../../src/sys/seccomp/install.ts";
import { SockFilter, SockFprog } from "../../src/uapi/structs.gen.ts";
import { attempt, loadHere, nobody } from "./child.ts";

/** Over the calling thread alone. */
function filterThisThread(): void {
  const program = new KernelStruct(SockFprog, { len: noFilter.length / SockFilter.size, filter: noFilter });
  const setModeFilter = 1;
  giveUpNewPrivileges();
  func("long syscall(long number, intptr_t a, intptr_t b, intptr_t c)")(
    ownSyscalls()["seccomp"]!,
    setModeFilter,
    0,
    program.address,
  );
}

if (isMainThread) {
  const bpf = await loadHere("maps", "embedded");
  const thread = new Worker(new URL(import.meta.url));
  await once(thread, "message");
  await attempt("lock down", async () => {
    try {
      await bpf.lockDown({ user: nobody });
    } catch (error) {
      if (error instanceof LockDownError) console.log(`done: ${error.done.join("; ")}`);
      throw error;
    }
  });
  await attempt("user", () => process.getuid!());
  await attempt("map", () => bpf.map<number, bigint>("array").set(1, 2n));
  await bpf.close();
  process.exit(0);
} else {
  filterThisThread();
  parentPort!.postMessage("filtered");
  parentPort!.on("message", () => {});
}
