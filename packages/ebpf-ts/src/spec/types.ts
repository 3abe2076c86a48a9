import type { Btf, CoreRelocation, LineInfo } from "../btf/types.ts";
import type { Instruction } from "../insn/instruction.ts";
import type { DebugInfo } from "./debug/debug-info.ts";
import type { RecordOrigin, RecordSaid } from "./records/found-record.ts";

/**
 * What an object file says, as plain data: editable before it is loaded, and printable with `JSON.stringify`.
 * Nothing here has touched a host.
 */
export interface CollectionSpec {
  /** Text of the `license` section; empty when there is none. */
  license: string;
  maps: MapSpec[];
  programs: ProgramSpec[];
  /** Subprograms: functions that programs call or hand to helpers as callbacks. */
  functions: FunctionSpec[];
  /** Global variables. */
  variables: VariableSpec[];
  /** The object's own types; absent when it was compiled without `-g`. */
  btf: Btf | undefined;
  /** Its debug information (DWARF), where it was not stripped: read when `recordOf` needs it. */
  debug?: DebugInfo | undefined;
  /** What is wrong with the object, and was left out, since nothing else needs it: sentences for people. */
  findings?: string[];
}

/** A map as the object defines it: in `.maps`, or as a section of global variables. Sizes are bytes. */
export interface MapSpec {
  name: string;
  /** BPF_MAP_TYPE_*, a number as in the uapi. */
  type: number;
  keySize: number;
  valueSize: number;
  maxEntries: number;
  /** BPF_F_* */
  flags: number;
  mapExtra: bigint;
  numaNode: number | undefined;
  pinning: "none" | "by-name";
  /** Where it is pinned, in place of its name in the folder for those that are pinned by name (kernel engine). */
  pinPath?: string | undefined;
  /** BTF type ids in the object's BTF; 0 when not known. */
  keyType: number;
  valueType: number;
  /** Type of a ring's records, where the object tells (see record-type.ts); 0 when not known. */
  recordType: number;
  /** Of maps that have records, for people: why `recordType` is believed, or why it is not known. */
  recordReason?: string;
  /** How parsing found `recordType`, and what it was then: another type in its place is the user's. `recordOf` tells more. */
  recordFound?: { readonly type: number; readonly by: RecordOrigin };
  /** What the user says that its records are, before all else: a type in some table, or a function that decodes them. */
  recordSaid?: RecordSaid;
  /** The template for maps of maps. */
  inner: MapSpec | undefined;
  /** Initial slots of a prog array (program names) or a map of maps (map names). */
  slots: { index: number; name: string }[];
  /** For global data (`.data`, `.bss`, `.rodata`, `.data.*`, …): the section's name. */
  section: string | undefined;
  /** Its initial bytes; those of the variables that lie in an arena, from its beginning on. */
  contents: Uint8Array | undefined;
  /** Read-only to programs, and frozen after load. */
  readOnly: boolean;
  /** Of struct_ops maps: the programs among the members of their struct, `valueType`. `contents` has the other members. */
  ops?: MemberProgram[];
  /** Whether it is made (kernel engine); left out, it is. False for struct_ops maps of sections such as `?.struct_ops`. */
  autoload?: boolean | undefined;
  /** Whether `Collection.attach` attaches it, of struct_ops maps; left out, it does. */
  autoattach?: boolean | undefined;
}

/** A member of a struct of operations of the kernel (struct_ops), and the program that it is. */
export interface MemberProgram {
  member: string;
  program: string;
}

/** A function of the object: its code, and what it refers to by name. */
export interface FunctionSpec {
  name: string;
  section: string;
  instructions: Instruction[];
  references: Reference[];
  /** BTF id of the `func`; 0 when there is none. */
  btfFunction: number;
  lines: LineInfo[];
  coreRelocations: CoreRelocation[];
  /** `static` functions are verified with their callers, global ones alone. */
  linkage: "static" | "global" | "weak";
}

/** A function that can be attached or run: its section name says how. */
export interface ProgramSpec extends FunctionSpec {
  /** What the section name says: `kinds/program-kinds.ts` has the table. */
  type: number;
  /** BPF_* attach type, where the section names one. */
  attachType: number | undefined;
  /** What comes after the first slash: `syscalls/sys_enter_kill`. */
  attachTo: string;
  /** The name of its row in that table: `tracepoint`, `raw_tp`, `syscall`, … */
  kind: string;
  sleepable: boolean;
  /** False for sections such as `?tracepoint/…`. */
  autoload: boolean;
  /** Whether `Collection.attach` attaches it; left out, it does. */
  autoattach?: boolean | undefined;
}

/** What a slot refers to by name; resolved when the collection is loaded. */
export type Reference =
  | { slot: number; kind: "map"; map: string }
  | { slot: number; kind: "map-value"; map: string; offset: number }
  /** A call of a subprogram. */
  | { slot: number; kind: "call"; function: string }
  /** The address of a subprogram, for a callback. */
  | { slot: number; kind: "function"; function: string }
  | ExternReference;

/**
 * Something that the kernel is to provide. In `.kconfig` (`__kconfig`): one of its settings, the variable of that name in the map
 * `.kconfig`. In `.ksyms` (`__ksym`): one of its functions (kfuncs) or variables. A weak one may be absent: it is 0 then, or at address 0.
 */
export interface ExternReference {
  slot: number;
  kind: "extern";
  name: string;
  section: ExternSection;
  weak: boolean;
  /** BTF id of its type, in the object's BTF: a prototype for a function; 0 for a symbol without one (`extern const void name __ksym`). */
  type: number;
  /** Bytes; 0 for functions, and for symbols without a type. */
  size: number;
}

/** The sections whose contents come from the kernel: BTF describes them, and the ELF file has none of them. */
export type ExternSection = ".kconfig" | ".ksyms";

/** A global variable: where it stands in its section. `offset` and `size` are bytes. */
export interface VariableSpec {
  name: string;
  /** The map that holds it: its section's name, or that of an arena. */
  section: string;
  offset: number;
  size: number;
  /** BTF id of its type; 0 when there is none. */
  type: number;
  readOnly: boolean;
  /** Of those in `.kconfig`, whose values are the kernel's settings: whether the kernel must have it. */
  extern?: "strong" | "weak";
}

/** A program with its subprograms appended, in libbpf's order, so that its tag is the same as under libbpf. */
export interface AssembledProgram {
  name: string;
  instructions: Instruction[];
  /** `map`, `map-value` and `extern` references are left, and `function` and `call` are resolved to slot distances. */
  references: Reference[];
  /** First slot of every function, the program's own first. */
  functions: { slot: number; name: string; btfFunction: number }[];
  lines: LineInfo[];
  /** What CO-RE did not find: the instruction at that slot is invalid, and must not be reached. */
  absent: { slot: number; part: AbsentField }[];
}

/** A field, type or enumerator that the object asks for, and the target does not have. */
export interface AbsentField {
  /** As C writes it: `struct file.f_path.dentry`. */
  readonly access: string;
  /** The rest of a sentence: `its struct file has no member f_pth, but f_path`. */
  readonly tried: string;
}
