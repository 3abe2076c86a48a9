/** Calls that are allowed by what they are asked for. Of an argument the lower 32 bits count, as in the kernel: all of these are ints. */
import {
  type ClassicInstruction,
  giveBack,
  jumpIfAnySet,
  jumpIfEqual,
  loadWord,
  SeccompAction,
} from "../../sys/seccomp/classic-bpf.ts";
import { PtraceRequest } from "../../sys/process/ptrace.ts";
import { Errno } from "../../uapi/errno.ts";
import { SeccompData } from "../../uapi/structs.gen.ts";
import { Command, OpenFlag, PerfIoctl, Prctl } from "../../uapi/uapi.gen.ts";

/** Instructions that end with an answer. */
export type Rule = readonly ClassicInstruction[];

export const allow: Rule = [giveBack(SeccompAction.allow)];
export const refuse: Rule = [giveBack(SeccompAction.error | Errno.EPERM)];
/** Whoever asks looks for another way then, as on an older kernel. */
export const unknown: Rule = [giveBack(SeccompAction.error | Errno.ENOSYS)];

/** Little-endian, as both architectures are. */
const argument = (index: number): ClassicInstruction => loadWord(SeccompData.fields.args.at + 8 * index);

const oneOf = (index: number, values: readonly number[]): Rule => [
  argument(index),
  ...values.flatMap((value) => [jumpIfEqual(value >>> 0, 0, 1), ...allow]),
  ...refuse,
];
const unless = (index: number, values: readonly number[]): Rule => [
  argument(index),
  ...values.flatMap((value) => [jumpIfEqual(value >>> 0, 0, 1), ...refuse]),
  ...allow,
];
const withAny = (index: number, bits: number): Rule => [argument(index), jumpIfAnySet(bits, 0, 1), ...allow, ...refuse];
const withNone = (index: number, bits: number): Rule => [
  argument(index),
  jumpIfAnySet(bits, 0, 1),
  ...refuse,
  ...allow,
];

const CLONE_THREAD = 0x10000;

/** A file without a name (`__O_TMPFILE`): the bit of O_TMPFILE that folders, which are only read, do not share. */
const nameless = 0o20_000_000;
const toWrite = OpenFlag.WRONLY | OpenFlag.RDWR | OpenFlag.CREAT | OpenFlag.TRUNC | nameless;

/** Reading maps, running programs that are loaded, asking what one holds, detaching, and what gives up more. */
const bpfReads: readonly number[] = [
  Command.MAP_LOOKUP_ELEM,
  Command.MAP_GET_NEXT_KEY,
  Command.MAP_LOOKUP_BATCH,
  Command.PROG_TEST_RUN,
  Command.OBJ_GET_INFO_BY_FD,
  Command.LINK_DETACH,
  Command.MAP_FREEZE,
];
const bpfWrites: readonly number[] = [
  Command.MAP_UPDATE_ELEM,
  Command.MAP_DELETE_ELEM,
  Command.MAP_LOOKUP_AND_DELETE_ELEM,
  Command.MAP_LOOKUP_AND_DELETE_BATCH,
  Command.MAP_UPDATE_BATCH,
  Command.MAP_DELETE_BATCH,
];

/** Of sockets and pipes, terminals (no TIOCSTI, which types), and perf events (no SET_BPF, which attaches). */
const ioctls: readonly number[] = [
  0x5421, // FIONBIO
  0x5450, // FIONCLEX
  0x5451, // FIOCLEX
  0x541b, // FIONREAD
  0x5401, // TCGETS
  0x5402, // TCSETS
  0x5403, // TCSETSW
  0x5404, // TCSETSF
  0x802c_542a, // TCGETS2
  0x402c_542b, // TCSETS2
  0x402c_542c, // TCSETSW2
  0x402c_542d, // TCSETSF2
  0x5413, // TIOCGWINSZ
  0x540f, // TIOCGPGRP
  PerfIoctl.ENABLE,
  PerfIoctl.DISABLE,
  PerfIoctl.PAUSE_OUTPUT,
];

/** Names of threads and of memory, what is asked only, and what gives up more. No PR_SET_DUMPABLE nor PR_SET_PTRACER. */
const prctls: readonly number[] = [
  Prctl.SET_PDEATHSIG,
  Prctl.GET_DUMPABLE,
  Prctl.SET_NAME,
  Prctl.GET_NAME,
  Prctl.GET_SECCOMP,
  Prctl.SET_NO_NEW_PRIVS,
  Prctl.GET_NO_NEW_PRIVS,
  Prctl.SET_VMA,
];

/** AF_UNIX, AF_INET, AF_INET6, and AF_NETLINK, by which the C library asks for interfaces. */
const families: readonly number[] = [1, 2, 10, 16];

/** To get a hold of another process. */
const seizures: readonly number[] = [PtraceRequest.traceMe, PtraceRequest.attach, PtraceRequest.seize];

/** What `bpf` is left with. */
export function bpfRule(readOnly: boolean): Rule {
  return oneOf(0, readOnly ? bpfReads : [...bpfReads, ...bpfWrites]);
}

export const ioctlRule: Rule = oneOf(1, ioctls);
export const prctlRule: Rule = oneOf(0, prctls);
/** Threads, and no processes. Its newer form (clone3) hides its flags in memory, where no filter sees them. */
export const cloneRule: Rule = withAny(0, CLONE_THREAD);
/** Memory of that process alone: its arenas are copied so. */
export const memoryRule = (pid: number): Rule => oneOf(0, [pid]);
export const socketRule: Rule = oneOf(0, families);
export const openRule: Rule = withNone(1, toWrite);
export const openatRule: Rule = withNone(2, toWrite);
export const ptraceRule: Rule = unless(0, seizures);
