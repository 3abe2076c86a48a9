import { BtfBuilder } from "../../../btf/btf-builder.ts";
import { parseBtfInPlace } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { HelperId, MapType } from "../../../uapi/uapi.gen.ts";
import { helpers } from "../helpers/index.ts";
import { mapImplementations } from "../maps/map-implementations.gen.ts";

/** Whose registers, system calls and settings the engine has: x86-64, or 64-bit Arm. */
export type Architecture = "x64" | "arm64";

/**
 * The embedded engine's own kernel types: those of the contexts that its events have, laid out as in Linux 6, and those by which programs
 * find out what a kernel has. CO-RE relocations of other kernel structures find no target, and are refused by name.
 */
export function buildKernelBtf(architecture: Architecture): Btf {
  const builder = new BtfBuilder();
  const types = basicTypes(builder);
  addTracepoints(builder, types);
  addFeatures(builder);
  if (architecture === "arm64") addArm64Registers(builder, types);
  else addX64Registers(builder, types);
  return parseBtfInPlace(builder.bytes());
}

/**
 * What programs ask whether it exists (`bpf_core_enum_value_exists`, `bpf_core_type_exists`), and answer for themselves: only what the
 * engine has is in these enums of the uapi. `struct bpf_ringbuf` (kernel/bpf/ringbuf.c) is the usual question for rings; nothing of it can be read.
 */
function addFeatures(builder: BtfBuilder): void {
  builder.enum(
    "bpf_map_type",
    having("BPF_MAP_TYPE_", MapType, (type) => mapImplementations.has(type)),
  );
  builder.enum(
    "bpf_func_id",
    having("BPF_FUNC_", HelperId, (id) => helpers[id] !== undefined),
  );
  if (mapImplementations.has(MapType.RINGBUF)) builder.struct("bpf_ringbuf", 0, []);
}

function having(
  prefix: string,
  all: Readonly<Record<string, number>>,
  has: (value: number) => boolean,
): Record<string, number> {
  const entries = Object.entries(all).filter(([, value]) => has(value));
  return Object.fromEntries(entries.map(([name, value]) => [prefix + name, value]));
}

interface BasicTypes {
  readonly char: number;
  readonly byte: number;
  readonly short: number;
  readonly int: number;
  readonly uint: number;
  readonly long: number;
  readonly ulong: number;
}

function basicTypes(builder: BtfBuilder): BasicTypes {
  return {
    char: builder.int("char", 1, "signed"),
    byte: builder.int("unsigned char", 1),
    short: builder.int("short unsigned int", 2),
    int: builder.int("int", 4, "signed"),
    uint: builder.int("unsigned int", 4),
    long: builder.int("long int", 8, "signed"),
    ulong: builder.int("long unsigned int", 8),
  };
}

/** include/linux/trace_events.h, and what include/trace/events/syscalls.h makes. */
function addTracepoints(builder: BtfBuilder, types: BasicTypes): void {
  const { char, byte, short, int, long, ulong, uint } = types;
  const entry = builder.struct("trace_entry", 8, [
    { name: "type", type: short, offset: 0 },
    { name: "flags", type: byte, offset: 2 },
    { name: "preempt_count", type: byte, offset: 3 },
    { name: "pid", type: int, offset: 4 },
  ]);
  const ent = { name: "ent", type: entry, offset: 0 };
  const data = builder.array(char, 0, uint);
  builder.struct("trace_event_raw_sys_enter", 64, [
    ent,
    { name: "id", type: long, offset: 8 },
    { name: "args", type: builder.array(ulong, 6, uint), offset: 16 },
    { name: "__data", type: data, offset: 64 },
  ]);
  // include/uapi/linux/bpf.h: as many as the tracepoint has.
  builder.struct("bpf_raw_tracepoint_args", 0, [{ name: "args", type: builder.array(ulong, 0, uint), offset: 0 }]);
  builder.struct("trace_event_raw_sys_exit", 24, [
    ent,
    { name: "id", type: long, offset: 8 },
    { name: "ret", type: long, offset: 16 },
    { name: "__data", type: data, offset: 24 },
  ]);
  builder.struct("syscall_trace_enter", 16, [
    ent,
    { name: "nr", type: int, offset: 8 },
    { name: "args", type: builder.array(ulong, 0, uint), offset: 16 },
  ]);
  builder.struct("syscall_trace_exit", 24, [
    ent,
    { name: "nr", type: int, offset: 8 },
    { name: "ret", type: long, offset: 16 },
  ]);
}

/** arch/x86/include/asm/ptrace.h, in the order of the stack. */
const x64Registers = [
  "r15",
  "r14",
  "r13",
  "r12",
  "bp",
  "bx",
  "r11",
  "r10",
  "r9",
  "r8",
  "ax",
  "cx",
  "dx",
  "si",
  "di",
  "orig_ax",
  "ip",
  "cs",
  "flags",
  "sp",
  "ss",
];

function addX64Registers(builder: BtfBuilder, { ulong }: BasicTypes): void {
  const members = x64Registers.map((name, index) => ({ name, type: ulong, offset: 8 * index }));
  builder.struct("pt_regs", 8 * x64Registers.length, members);
}

/** arch/arm64/include/asm/ptrace.h: `regs` to `pstate` are those of user_pt_regs, at the same offsets. */
function addArm64Registers(builder: BtfBuilder, { int, uint, ulong }: BasicTypes): void {
  const user = [
    { name: "regs", type: builder.array(ulong, 31, uint), offset: 0 },
    { name: "sp", type: ulong, offset: 248 },
    { name: "pc", type: ulong, offset: 256 },
    { name: "pstate", type: ulong, offset: 264 },
  ];
  builder.struct("user_pt_regs", 272, user);
  builder.struct("pt_regs", 336, [
    ...user,
    { name: "orig_x0", type: ulong, offset: 272 },
    { name: "syscallno", type: int, offset: 280 },
    { name: "unused2", type: uint, offset: 284 },
    { name: "sdei_ttbr1", type: ulong, offset: 288 },
    { name: "pmr_save", type: ulong, offset: 296 },
    { name: "stackframe", type: builder.array(ulong, 2, uint), offset: 304 },
    { name: "lockdep_hardirqs", type: ulong, offset: 320 },
    { name: "exit_rcu", type: ulong, offset: 328 },
  ]);
}
