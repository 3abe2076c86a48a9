import { deepEqual, equal, ok } from "node:assert/strict";
import { describe, it } from "node:test";
import { allowedCalls, fileCalls, networkCalls, tracerCalls } from "../../src/lockdown/filter/allowed-calls.ts";
import { type FilterPlan, processFilter } from "../../src/lockdown/filter/process-filter.ts";
import { AuditArchitecture } from "../../src/sys/seccomp/classic-bpf.ts";
import { arm64Syscalls, x64Syscalls } from "../../src/uapi/syscalls.gen.ts";
import { Command } from "../../src/uapi/uapi.gen.ts";

const allowed = 0x7fff_0000;
const notPermitted = 0x0005_0001;
const notThere = 0x0005_0026;
const strict: FilterPlan = {
  numbers: x64Syscalls,
  audit: AuditArchitecture.x64,
  pid: 77,
  files: "none",
  network: false,
  readOnly: false,
  traces: false,
  ring: false,
  also: [],
};

/** What the kernel would answer: the filter is run by what linux/filter.h says of its instructions. */
function answer(filter: Uint8Array, syscall: number, args: readonly number[] = [], audit = strict.audit): number {
  const view = new DataView(filter.buffer, filter.byteOffset);
  const words = [syscall, audit, 0, 0, ...args.flatMap((value) => [value >>> 0, 0])];
  let accumulator = 0;
  for (let at = 0; at < filter.length; at += 8) {
    const operand = view.getUint32(at + 4, true);
    const jump = (condition: boolean): number => 8 * view.getUint8(at + (condition ? 2 : 3));
    switch (view.getUint16(at, true)) {
      case 0x20:
        accumulator = words[operand / 4] ?? 0;
        break;
      case 0x15:
        at += jump(accumulator === operand);
        break;
      case 0x35:
        at += jump(accumulator >= operand);
        break;
      case 0x45:
        at += jump((accumulator & operand) !== 0);
        break;
      case 0x06:
        return operand;
    }
  }
  throw new Error("The filter ran past its end");
}

function ask(plan: Partial<FilterPlan>, name: string, ...args: readonly number[]): number {
  return answer(processFilter({ ...strict, ...plan }), x64Syscalls[name]!, args);
}

describe("the filter of a process that is locked down", () => {
  it("knows every system call that it names", () => {
    const known = { ...x64Syscalls, ...arm64Syscalls };
    const names = [...allowedCalls, ...networkCalls, ...fileCalls, ...tracerCalls];
    deepEqual(
      names.filter((name) => known[name] === undefined),
      [],
    );
    deepEqual(
      allowedCalls.filter((name, index) => allowedCalls.indexOf(name) !== index),
      [],
    );
  });

  it("copies memory of this process alone, and none into it where it only reads", () => {
    for (const name of ["process_vm_readv", "process_vm_writev"]) {
      equal(ask({}, name, 77), allowed);
      equal(ask({}, name, 78), notPermitted);
      equal(ask({ traces: true }, name, 78), allowed);
    }
    equal(ask({ readOnly: true }, "process_vm_readv", 77), allowed);
    equal(ask({ readOnly: true }, "process_vm_writev", 77), notPermitted);
  });

  it("fits into the 4096 instructions of the kernel, on both architectures", () => {
    for (const numbers of [x64Syscalls, arm64Syscalls]) {
      const most = processFilter({ ...strict, numbers, files: "all", network: true, traces: true, ring: true });
      ok(most.length / 8 <= 4096);
    }
  });

  it("lets a runtime go on, and refuses what starts, traces or looks into processes", () => {
    for (const name of ["read", "write", "futex", "epoll_wait", "mmap", "mprotect", "exit_group", "close"]) {
      equal(ask({}, name), allowed, name);
    }
    const refused =
      "execve execveat fork vfork ptrace process_vm_readv perf_event_open io_uring_setup io_uring_enter pidfd_getfd";
    for (const name of `${refused} mount unshare setns userfaultfd keyctl init_module setuid capset`.split(" ")) {
      equal(ask({}, name), notPermitted, name);
    }
    equal(ask({ ring: true }, "io_uring_enter"), allowed);
    equal(ask({ ring: true }, "io_uring_setup"), notPermitted);
  });

  it("starts threads, and no processes", () => {
    const thread = 0x3d0f00;
    const vfork = 0x4111;
    equal(ask({}, "clone", thread), allowed);
    equal(ask({}, "clone", vfork), notPermitted);
    equal(ask({}, "clone3"), notThere);
  });

  it("leaves of bpf(2) what reads, writes, runs and detaches", () => {
    const kept = [Command.MAP_LOOKUP_ELEM, Command.PROG_TEST_RUN, Command.OBJ_GET_INFO_BY_FD, Command.LINK_DETACH];
    const writes = [Command.MAP_UPDATE_ELEM, Command.MAP_DELETE_ELEM, Command.MAP_LOOKUP_AND_DELETE_ELEM];
    for (const command of Object.values(Command)) {
      const result = ask({}, "bpf", command);
      if ([...kept, ...writes].includes(command as never)) equal(result, allowed, `command ${command}`);
      if (kept.includes(command as never)) equal(ask({ readOnly: true }, "bpf", command), allowed);
      if (writes.includes(command as never)) equal(ask({ readOnly: true }, "bpf", command), notPermitted);
    }
    for (const name of ["MAP_CREATE", "PROG_LOAD", "OBJ_PIN", "OBJ_GET", "LINK_CREATE", "BTF_LOAD"] as const) {
      equal(ask({}, "bpf", Command[name]), notPermitted, name);
    }
  });

  it("opens files as it is told", () => {
    const [readOnly, write, create, temporary] = [0o2000000, 0o2, 0o101, 0o20200000];
    equal(ask({}, "openat", 0, 0, readOnly), notPermitted);
    equal(ask({ files: "read" }, "openat", 0, 0, readOnly), allowed);
    for (const flags of [write, create, temporary]) {
      equal(ask({ files: "read" }, "openat", 0, 0, flags), notPermitted);
      equal(ask({ files: "all" }, "openat", 0, 0, flags), allowed);
    }
    equal(ask({ files: "read" }, "openat2"), notThere);
    equal(ask({ files: "read" }, "unlink"), notPermitted);
    equal(ask({ files: "all" }, "unlink"), allowed);
  });

  it("opens sockets of some families, or none", () => {
    const [inet, packet] = [2, 17];
    equal(ask({ network: true }, "socket", inet), allowed);
    equal(ask({ network: true }, "socket", packet), notPermitted);
    equal(ask({}, "socket", inet), notPermitted);
    equal(ask({}, "connect"), notPermitted);
    equal(ask({}, "recvmsg"), allowed);
  });

  it("types into no terminal, and attaches by no perf event", () => {
    const [winsize, sti, setBpf] = [0x5413, 0x5412, 0x40042408];
    equal(ask({}, "ioctl", 1, winsize), allowed);
    equal(ask({}, "ioctl", 1, sti), notPermitted);
    equal(ask({}, "ioctl", 1, setBpf), notPermitted);
  });

  it("goes on tracing, and seizes nobody else", () => {
    const [cont, attach, seize] = [7, 16, 0x4206];
    equal(ask({ traces: true }, "ptrace", cont), allowed);
    equal(ask({ traces: true }, "ptrace", attach), notPermitted);
    equal(ask({ traces: true }, "ptrace", seize), notPermitted);
    equal(ask({}, "ptrace", cont), notPermitted);
  });

  it("allows further calls by name, whatever they are asked", () => {
    equal(ask({ also: ["execve"] }, "execve"), allowed);
    equal(ask({ also: ["bpf"] }, "bpf", Command.PROG_LOAD), allowed);
  });

  it("refuses other ABIs, and does not know what is newer than its table", () => {
    const filter = processFilter({ ...strict, network: true, files: "all" });
    const [i386, x32] = [0x4000_0003, 0x4000_0000];
    equal(answer(filter, x64Syscalls["read"]!, [], i386), notPermitted);
    equal(answer(filter, x32 + x64Syscalls["read"]!), notPermitted);
    equal(answer(filter, Math.max(...Object.values(x64Syscalls)) + 1), notThere);
  });
});
