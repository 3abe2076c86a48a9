/** A thread that runs a program until it is told to stop. */
import { parentPort, workerData } from "node:worker_threads";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import { KernelStruct } from "../../src/sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { BpfAttr } from "../../src/uapi/structs.gen.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";
import type { ProgramLoopData } from "./concurrent-fixture.ts";

/** How often it looks for the other side, which may be at work at this moment, before it sleeps. */
const looks = 2000;
/** Milliseconds that it sleeps before it goes on all the same: on a busy machine the other side comes late, and both are to take turns. */
const patience = 20;

function runner({ program, context }: ProgramLoopData): () => void {
  if (typeof program !== "number") {
    const machine = openMachine(program.image);
    const task = { pid: 2, tgid: 2, uid: 0, gid: 0, comm: "loop", readUser: () => false };
    return () => void machine.run(program.index, { bytes: context, writable: true }, task);
  }
  const sys = linuxSys();
  const copy = context.slice();
  const attributes = new KernelStruct(BpfAttr.test, { prog_fd: program, ctx_size_in: copy.length, ctx_in: copy });
  return () => {
    if (sys.bpf(Command.PROG_TEST_RUN, attributes) < 0) throw new Error("the program could not be run");
  };
}

const data = workerData as ProgramLoopData;
const control = new Int32Array(data.control);
const run = runner(data);
parentPort!.postMessage("ready");
let seen = 0;
while (Atomics.load(control, 0) === 0) {
  run();
  Atomics.add(control, 2, 1);
  Atomics.notify(control, 2);
  for (let i = 0; i < looks && Atomics.load(control, 1) === seen && Atomics.load(control, 0) === 0; i += 1);
  if (Atomics.load(control, 0) === 0) Atomics.wait(control, 1, seen, patience);
  seen = Atomics.load(control, 1);
}
