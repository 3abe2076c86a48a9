import { deepEqual, equal, throws } from "node:assert/strict";
import { readdirSync } from "node:fs";
import { describe, it } from "node:test";
import {
  type SyscallAttachPoint,
  syscallAttachPoint,
  numbersByName,
} from "../../src/engine/embedded/sources/ptrace/attach-point.ts";
import { SyscallTable, type SyscallProgram } from "../../src/engine/embedded/sources/ptrace/syscall-programs.ts";
import { placeOfSection } from "../../src/engine/embedded/sources/attach-place.ts";
import { TracedPrograms } from "../../src/engine/embedded/sources/ptrace/traced-programs.ts";

function pointAt(kind: string, attachTo: string, architecture: string): SyscallAttachPoint | undefined {
  return syscallAttachPoint(placeOfSection({ kind, attachTo }), architecture);
}

const pointOf = (section: string): SyscallAttachPoint => {
  const slash = section.indexOf("/");
  return pointAt(section.slice(0, slash), section.slice(slash + 1), "x64")!;
};

function table(...sections: string[]): SyscallTable {
  const programs = new TracedPrograms();
  for (const [index, section] of sections.entries()) programs.attach(index, pointOf(section));
  return new SyscallTable(programs.all);
}

describe("attach points of system calls", () => {
  it("reads tracepoints of one system call", () => {
    const enter = { when: "enter", context: "tracepoint", syscall: 62 };
    deepEqual(pointAt("tracepoint", "syscalls/sys_enter_kill", "x64"), enter);
    deepEqual(pointAt("tp", "syscalls/sys_exit_kill", "x64"), { ...enter, when: "exit" });
    equal(pointAt("tp", "syscalls/sys_exit_kill", "arm64")?.syscall, 129);
  });

  it("reads tracepoints of all system calls", () => {
    deepEqual(pointAt("tracepoint", "raw_syscalls/sys_exit", "x64"), {
      when: "exit",
      context: "tracepoint",
      syscall: undefined,
    });
    for (const kind of ["raw_tp", "raw_tracepoint", "raw_tp.w", "raw_tracepoint.w", "tp_btf"]) {
      deepEqual(pointAt(kind, "sys_enter", "x64"), { when: "enter", context: "raw", syscall: undefined });
    }
  });

  it("knows the kernel's names where the C library has others", () => {
    equal(pointAt("tp", "syscalls/sys_enter_newfstat", "x64")?.syscall, 5);
    equal(pointAt("tp", "syscalls/sys_enter_newuname", "arm64")?.syscall, 160);
    equal(pointAt("tp", "syscalls/sys_enter_sendfile64", "x64")?.syscall, 40);
    equal(pointAt("tp", "syscalls/sys_enter_umount", "x64")?.syscall, 166);
    throws(() => pointAt("tp", "syscalls/sys_enter_fstat", "x64"), {
      code: "NOT_FOUND",
      message: /the kernel calls it newfstat$/,
    });
  });

  it("refuses a system call that there is not", () => {
    for (const name of ["nope", "constructor", "__proto__"]) {
      throws(() => pointAt("tp", `syscalls/sys_enter_${name}`, "x64"), { code: "NOT_FOUND" });
    }
    throws(() => pointAt("tp", "syscalls/sys_enter_open", "arm64"), { code: "NOT_FOUND" });
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
      equal(pointAt(kind, attachTo, "x64"), undefined);
    }
  });
});

const named = ({ program, context }: SyscallProgram): unknown => [Atomics.load(program, 0) - 1, context];

describe("the table of programs", () => {
  it("has the programs of a system call in the order of the collection", () => {
    const programs = table(
      "tp/syscalls/sys_enter_kill",
      "raw_tp/sys_enter",
      "tp/syscalls/sys_enter_kill",
      "raw_tp/sys_exit",
    );
    deepEqual(programs.of(62).enter.map(named), [
      [0, "tracepoint"],
      [1, "raw"],
      [2, "tracepoint"],
    ]);
    deepEqual(programs.of(62).exit.map(named), [[3, "raw"]]);
    deepEqual(programs.of(1).enter.map(named), [[1, "raw"]]);
    equal(programs.syscalls, undefined);
  });

  it("says at which system calls to stop", () => {
    const programs = table("tp/syscalls/sys_exit_kill", "tp/syscalls/sys_enter_openat");
    deepEqual(programs.syscalls, [62, 257]);
    deepEqual(programs.of(62).enter, []);
    deepEqual(programs.of(62).exit.map(named), [[0, "tracepoint"]]);
    deepEqual(programs.of(1), { enter: [], exit: [] });
    deepEqual(table().syscalls, []);
  });
});

describe("the programs of a collection that may be traced", () => {
  const enterKill = pointOf("tp/syscalls/sys_enter_kill");
  /** By place; 0 for none. */
  const attached = (programs: TracedPrograms): number[] =>
    programs.all.map(({ program }) => Atomics.load(new Int32Array(program), 0));

  it("are attached as long as their links last, which other threads see", () => {
    const programs = new TracedPrograms();
    programs.add(enterKill);
    deepEqual(attached(programs), [0]);
    const links = [3, 3].map((program) => programs.attach(program, enterKill));
    deepEqual(attached(programs), [4, 4], "each by itself");
    links[0]!.detach();
    links[0]!.detach();
    deepEqual(attached(programs), [0, 4]);
    links[1]!.detach();
    deepEqual(attached(programs), [0, 0]);
  });

  it("take one another's place, in threads that run already too", () => {
    const programs = new TracedPrograms();
    programs.add(enterKill);
    const link = programs.attach(3, enterKill);
    link.replace(5);
    deepEqual(attached(programs), [6]);
    link.detach();
    link.replace(7);
    deepEqual(attached(programs), [0], "what is detached stays so");
    programs.attach(8, enterKill);
    deepEqual(attached(programs), [9], "and leaves its place to the next");
  });

  it("may be attached elsewhere than where they belong, and there alone", () => {
    const programs = new TracedPrograms();
    programs.add(enterKill);
    programs.attach(0, pointOf("tp/syscalls/sys_enter_openat"));
    deepEqual(attached(programs), [0, 1]);
    deepEqual(new SyscallTable(programs.all).syscalls, [62, 257]);
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
  it("a misspelt one: the one that was probably meant is named", () => {
    const place = { kind: "tracepoint", name: "syscalls/sys_enter_openatt", atReturn: false } as const;
    throws(() => syscallAttachPoint(place, "x64"), { code: "NOT_FOUND", message: /on x64, did you mean openat\?$/ });
  });

  const names = process.arch === "x64" ? namesOfThisKernel() : [];

  it("has all of this kernel's", { skip: names.length === 0 && `it takes x64 and a tracefs at ${tracepoints}` }, () => {
    deepEqual(
      names.filter((name) => numbersByName("x64")[name] === undefined),
      [],
    );
  });
});
