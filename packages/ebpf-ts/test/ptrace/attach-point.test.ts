import { deepEqual, equal, throws } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import type { MachineProgramImage } from "../../src/engine/embedded/machine/contracts.ts";
import { syscallAttachPoint, syscallNumbers } from "../../src/engine/embedded/sources/ptrace/attach-point.ts";
import { SyscallTable } from "../../src/engine/embedded/sources/ptrace/syscall-programs.ts";

function table(...sections: string[]): SyscallTable {
  const images = sections.map((section): MachineProgramImage => {
    const slash = section.indexOf("/");
    const kind = section.slice(0, slash);
    return {
      name: section,
      section,
      kind,
      attachTo: section.slice(slash + 1),
      type: 0,
      code: new Uint8Array(),
      functions: [],
      lines: [],
    };
  });
  return new SyscallTable(images, "x64");
}

describe("attach points of system calls", () => {
  it("reads tracepoints of one system call", () => {
    const enter = { when: "enter", context: "tracepoint", syscall: 62 };
    deepEqual(syscallAttachPoint("tracepoint", "syscalls/sys_enter_kill", "x64"), enter);
    deepEqual(syscallAttachPoint("tp", "syscalls/sys_exit_kill", "x64"), { ...enter, when: "exit" });
    equal(syscallAttachPoint("tp", "syscalls/sys_exit_kill", "arm64")?.syscall, 129);
  });

  it("reads tracepoints of all system calls", () => {
    deepEqual(syscallAttachPoint("tracepoint", "raw_syscalls/sys_exit", "x64"), {
      when: "exit",
      context: "tracepoint",
      syscall: undefined,
    });
    for (const kind of ["raw_tp", "raw_tracepoint", "raw_tp.w", "raw_tracepoint.w", "tp_btf"]) {
      deepEqual(syscallAttachPoint(kind, "sys_enter", "x64"), { when: "enter", context: "raw", syscall: undefined });
    }
  });

  it("knows the kernel's names where the C library has others", () => {
    equal(syscallAttachPoint("tp", "syscalls/sys_enter_newfstat", "x64")?.syscall, 5);
    equal(syscallAttachPoint("tp", "syscalls/sys_enter_newuname", "arm64")?.syscall, 160);
    equal(syscallAttachPoint("tp", "syscalls/sys_enter_sendfile64", "x64")?.syscall, 40);
    equal(syscallAttachPoint("tp", "syscalls/sys_enter_umount", "x64")?.syscall, 166);
    throws(() => syscallAttachPoint("tp", "syscalls/sys_enter_fstat", "x64"), {
      code: "NOT_FOUND",
      message: /the kernel calls it newfstat$/,
    });
  });

  it("refuses a system call that there is not", () => {
    for (const name of ["nope", "constructor", "__proto__"]) {
      throws(() => syscallAttachPoint("tp", `syscalls/sys_enter_${name}`, "x64"), { code: "NOT_FOUND" });
    }
    throws(() => syscallAttachPoint("tp", "syscalls/sys_enter_open", "arm64"), { code: "NOT_FOUND" });
  });

  it("leaves other events to others", () => {
    for (const [kind, attachTo] of [
      ["tp", "sched/sched_switch"],
      ["tp", "syscalls/sys_leave_kill"],
      ["tp", "xsyscalls/sys_enter_kill"],
      ["raw_tp", "sched_switch"],
      ["raw_tp", "sys_enter_kill"],
      ["socket", ""],
    ] as const) {
      equal(syscallAttachPoint(kind, attachTo, "x64"), undefined);
    }
  });
});

describe("the table of programs", () => {
  it("has the programs of a system call in the order of the collection", () => {
    const programs = table(
      "tp/syscalls/sys_enter_kill",
      "socket/",
      "raw_tp/sys_enter",
      "tp/syscalls/sys_enter_kill",
      "raw_tp/sys_exit",
    );
    deepEqual(programs.of(62), {
      enter: [
        { index: 0, context: "tracepoint" },
        { index: 2, context: "raw" },
        { index: 3, context: "tracepoint" },
      ],
      exit: [{ index: 4, context: "raw" }],
    });
    deepEqual(programs.of(1).enter, [{ index: 2, context: "raw" }]);
    equal(programs.syscalls, undefined);
  });

  it("says at which system calls to stop", () => {
    const programs = table(
      "tp/syscalls/sys_exit_kill",
      "tp/syscalls/sys_enter_openat",
      "tp/syscalls/sys_enter_nope",
      "tp/sched/sched_switch",
    );
    deepEqual(programs.syscalls, [62, 257]);
    deepEqual(programs.of(62), { enter: [], exit: [{ index: 0, context: "tracepoint" }] });
    deepEqual(programs.of(1), { enter: [], exit: [] });
    deepEqual(table().syscalls, []);
  });
});

const tracepoints = "/sys/kernel/tracing/events/syscalls";

function namesOfThisKernel(): string[] {
  try {
    return readdirSync(tracepoints).flatMap((name) =>
      name.startsWith("sys_enter_") ? [name.slice("sys_enter_".length)] : [],
    );
  } catch {
    return [];
  }
}

describe("the names of system calls", () => {
  const names = process.arch === "x64" ? namesOfThisKernel() : [];

  it("has all of this kernel's", { skip: names.length === 0 && `it takes x64 and a tracefs at ${tracepoints}` }, () => {
    deepEqual(
      names.filter((name) => syscallNumbers("x64")[name] === undefined),
      [],
    );
  });
});
