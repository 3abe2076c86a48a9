import { assembleImage } from "../../src/engine/embedded/load/assemble-image.ts";
import { openMachine } from "../../src/engine/embedded/load/open-machine.ts";
import type { Machine } from "../../src/engine/embedded/machine/contracts.ts";
import type { MachineImage, MachineProgramImage } from "../../src/engine/embedded/machine/image.ts";
import { reserveCpu } from "../../src/engine/embedded/memory/cpu-memory.ts";
import { planMap } from "../../src/engine/embedded/maps/plan-map.ts";
import { mapHandle } from "../../src/engine/embedded/machine/map-handle.ts";
import { MemoryLayout } from "../../src/engine/embedded/memory/memory-plan.ts";
import { placeOfSection } from "../../src/engine/embedded/sources/attach-place.ts";
import { syscallAttachPoint } from "../../src/engine/embedded/sources/ptrace/attach-point.ts";
import { TracedPrograms } from "../../src/engine/embedded/sources/ptrace/traced-programs.ts";
import { MapType, ProgType } from "../../src/uapi/uapi.gen.ts";
import { specOf } from "../embedded-maps/test-map.ts";
import { add, assemble, call, exit, frame, load64, move, set, store64, wide } from "./assemble.ts";
import type { Code } from "./assemble.ts";

/**
 * What a test program says of an event: 88 bytes in the ring.
 * pid_tgid 0, uid_gid 8, comm 16, second word of the context 32, third word 40, the program's index 48, text 56.
 */
export interface Event {
  readonly pid: number;
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  readonly comm: string;
  /** Number of the system call. */
  readonly number: number;
  /** First argument, or the return value. */
  readonly value: bigint;
  readonly program: number;
  readonly text: string;
}

const eventSize = 88;
const textSize = eventSize - 56;
const ringSize = 1 << 22;
const at = (offset: number): number => offset - eventSize;

export type TestProgram =
  /** Says the fields above. */
  | { readonly attach: string; readonly what: "tracepoint" }
  /** Also reads the string that the second argument points at. */
  | { readonly attach: string; readonly what: "path" }
  /** From pt_regs (x86-64): orig_ax as number; di, or ax in an exit, as value. */
  | { readonly attach: string; readonly what: "raw" }
  /** Reads through NULL. */
  | { readonly attach: string; readonly what: "fault" }
  /** Reads the kernel's own word of the context. */
  | { readonly attach: string; readonly what: "private" }
  /** Prints one line. */
  | { readonly attach: string; readonly what: "print" }
  | { readonly attach: string; readonly what: "nothing" };

const done: readonly Code[] = [set(0, 0), exit];

function body(program: TestProgram, index: number): Uint8Array {
  switch (program.what) {
    case "nothing":
      return assemble(...done);
    case "fault":
      return assemble(set(1, 0), load64(0, 1, 0), exit);
    case "private":
      return assemble(load64(0, 1, 0), exit);
    case "print":
      return assemble(
        set(1, 0x6968),
        store64(frame, -8, 1),
        move(1, frame),
        add(1, -8),
        set(2, 3),
        call("trace_printk"),
        ...done,
      );
    default:
      return assemble(...sayEvent(program, index), ...done);
  }
}

function sayEvent({ attach, what }: TestProgram, index: number): Code[] {
  const clear: Code[] = [set(0, 0)];
  for (let offset = 0; offset < eventSize; offset += 8) clear.push(store64(frame, at(offset), 0));
  const value = attach.endsWith("sys_enter") ? [load64(1, 7, 112)] : [load64(1, 7, 80)];
  const fields =
    what === "raw"
      ? [load64(7, 6, 0), load64(1, 7, 120), store64(frame, at(32), 1), ...value, store64(frame, at(40), 1)]
      : [load64(1, 6, 8), store64(frame, at(32), 1), load64(1, 6, 16), store64(frame, at(40), 1)];
  const text = [move(1, frame), add(1, at(56)), set(2, textSize), load64(3, 6, 24), call("probe_read_user_str")];
  return [
    move(6, 1),
    ...clear,
    call("get_current_pid_tgid"),
    store64(frame, at(0), 0),
    call("get_current_uid_gid"),
    store64(frame, at(8), 0),
    move(1, frame),
    add(1, at(16)),
    set(2, 16),
    call("get_current_comm"),
    ...fields,
    set(1, index),
    store64(frame, at(48), 1),
    ...(what === "path" ? text : []),
    wide(1, mapHandle(0)),
    move(2, frame),
    add(2, -eventSize),
    set(3, eventSize),
    set(4, 0),
    call("ringbuf_output"),
  ];
}

/** BPF_RINGBUF_BUSY_BIT in the last byte of a header's first word: the record is being written. */
const busyByte = 0x80;

/** A machine of such programs, all attached, and one ring. */
export class TestMachine {
  readonly image: MachineImage;
  readonly machine: Machine;
  readonly programs: TracedPrograms;
  /** By program. */
  readonly detach: readonly (() => void)[];

  constructor(...programs: readonly TestProgram[]) {
    const plan = new MemoryLayout();
    const cpus = 2;
    for (let cpu = 0; cpu < cpus; cpu++) reserveCpu(plan, cpu);
    const ring = planMap(specOf(MapType.RINGBUF, 0, 0, ringSize), plan, cpus);
    this.image = assembleImage({
      layout: plan,
      cpus,
      maps: [ring],
      programs: programs.map(programImage),
      instructionBudget: 100_000,
      maxRunMs: Infinity,
    });
    this.machine = openMachine(this.image);
    this.programs = new TracedPrograms();
    this.detach = this.image.programs.map((program, index) => {
      const point = syscallAttachPoint(placeOfSection(program), process.arch);
      if (point === undefined) throw new Error(`${program.section} is no system call`);
      return this.programs.attach(index, point).detach;
    });
  }

  /** Everything since the start; the ring never comes round here. */
  events(): Event[] {
    const ring = this.machine.maps[0]?.ring;
    if (ring === undefined) throw new Error("The test machine has no ring");
    const { consumer, producer, data } = ring.memory;
    const end = Number(producer[0]);
    if (consumer[0] !== 0n || end > ringSize) throw new Error("The test ring came round");
    const events: Event[] = [];
    for (let position = 0; position < end; position += 8 + eventSize) {
      if ((data[position + 3]! & busyByte) !== 0) break;
      events.push(readEvent(data.slice(position + 8, position + 8 + eventSize)));
    }
    return events;
  }
}

function programImage(program: TestProgram, index: number): MachineProgramImage {
  const slash = program.attach.indexOf("/");
  return {
    name: `program_${index}`,
    section: program.attach,
    kind: program.attach.slice(0, slash),
    attachTo: program.attach.slice(slash + 1),
    type: program.what === "raw" ? ProgType.RAW_TRACEPOINT : ProgType.TRACEPOINT,
    code: body(program, index),
    functions: [{ slot: 0, name: `program_${index}` }],
    lines: [],
  };
}

function readEvent(bytes: Uint8Array): Event {
  const view = new DataView(bytes.buffer);
  const string = (start: number, end: number): string =>
    Buffer.from(bytes.subarray(start, end)).toString().split("\0", 1)[0] ?? "";
  return {
    pid: view.getUint32(0, true),
    tgid: view.getUint32(4, true),
    uid: view.getUint32(8, true),
    gid: view.getUint32(12, true),
    comm: string(16, 32),
    number: Number(view.getBigInt64(32, true)),
    value: view.getBigInt64(40, true),
    program: view.getUint32(48, true),
    text: string(56, eventSize),
  };
}

/** Why the tests of real commands cannot run here. */
export function ptraceOrSkip(): string | false {
  if (process.platform !== "linux") return `it takes Linux, this is ${process.platform}`;
  return process.arch === "x64" || process.arch === "arm64" ? false : `it takes x64 or arm64, this is ${process.arch}`;
}
