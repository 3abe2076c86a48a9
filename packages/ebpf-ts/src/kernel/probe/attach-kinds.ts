import { EbpfError } from "../../base/errors.ts";
import { nearName } from "../../base/near-name.ts";
import { isThere } from "../../host/system-files.ts";
import { findProgramKind } from "../../kinds/find-program-kind.ts";
import type { PlaceKind, ProgramKind } from "../../kinds/program-kind.ts";
import { programKinds } from "../../kinds/program-kinds.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import { type TinyProgram, withTiny } from "./load-tiny.ts";
import { type Answer, cannotTell, no, yes } from "./probed.ts";
import { answerOf, kernelTypeId, tinyOfType } from "./program-types.ts";

/** The kind of a section by its name. Throws NOT_FOUND with the one that was probably meant. */
export function kindNamed(name: string): ProgramKind {
  const kind = findProgramKind(name);
  if (kind !== undefined) return kind;
  const near = nearName(
    name,
    programKinds.map((each) => each.name),
  );
  const hint = near === undefined ? "" : `, did you mean ${near}?`;
  throw new EbpfError("NOT_FOUND", `Cannot probe ${name}: no kind of section is called so${hint}`);
}

/** Whether the kernel loads programs of a kind, and, where that does not say it, whether it attaches them. */
export async function askAttachKind(sys: Sys, kind: ProgramKind): Promise<Answer> {
  const source = sources[kind.place];
  if (source !== undefined && !isThere(source)) return { ...no, reason: `this kernel has no ${source}` };
  const program = await tinyOfKind(kind);
  if ("outcome" in program) return program;
  const link = links[kind.place];
  const { outcome, used } = withTiny(
    sys,
    program,
    (descriptor) => link?.(sys, descriptor, kind.attachType ?? 0) ?? yes,
  );
  // Older kernels know the place, and have no such programs there.
  if (/can be sleepable|must provide btf_id/.test(outcome.log)) return no;
  return used ?? answerOf(outcome, kind.type);
}

/** What there must be beside programs. */
const sources: Readonly<Partial<Record<PlaceKind, string>>> = {
  kprobe: "/sys/bus/event_source/devices/kprobe",
  ksyscall: "/sys/bus/event_source/devices/kprobe",
  uprobe: "/sys/bus/event_source/devices/uprobe",
  usdt: "/sys/bus/event_source/devices/uprobe",
  tracepoint: "/sys/kernel/tracing",
  perf_event: "/proc/sys/kernel/perf_event_paranoid",
};

/** Of functions, hooks and the like that every kernel has which has any. */
const places: Readonly<Partial<Record<PlaceKind, string>>> = {
  fentry: "bpf_fentry_test1",
  lsm: "file_open",
  iter: "bpf_map",
  tp_btf: "sys_enter",
};

/** fmod_ret is for functions that may fail; programs that sleep are for those that may. */
const placesByKind: Readonly<Record<string, string>> = {
  fmod_ret: "bpf_modify_return_test",
  lsm_cgroup: "socket_bind",
};

async function tinyOfKind(kind: ProgramKind): Promise<TinyProgram | Answer> {
  const { type, attachType, sleepable, kernelType } = kind;
  // Linux 6.1 loads them, where they must not sleep; of untyped tracepoints, whose programs may sleep since the same Linux, it tells the truth.
  if (kind.place === "tp_btf" && sleepable === true) return tinyOfKind(kindNamed("raw_tp.s"));
  const place = placesByKind[kind.name.replace(/\.s$/, "")] ?? places[kind.place];
  // The kernel knows itself what it verifies programs for many functions against.
  if (kind.place === "fentry_multi") return { type, attachType, sleepable };
  if (kernelType === undefined)
    return { ...tinyOfType(type), attachType: attachType ?? tinyOfType(type).attachType, sleepable };
  const id = await kernelTypeId(kernelType, place ?? "");
  if (id === undefined)
    return cannotTell(`the kernel's types have no ${kernelType.what} ${place ?? ""} to try it with`);
  return { type, attachType, sleepable, attachTypeId: id };
}

/** Attaches to what is not there: the kernel's answer tells whether it would attach to what is. */
type LinkProbe = (sys: Sys, program: Descriptor, attachType: number) => Answer;

const nowhere = 0x7fff_ffff;
const refused = cannotTell("the kernel refuses to attach it (EPERM)");

const byInterface: LinkProbe = (sys, program, attachType) =>
  linkAnswer(sys, { prog_fd: program.fd, attach_type: attachType, target_ifindex: nowhere }, Errno.ENODEV);

const byFunction: LinkProbe = (sys, program, attachType) => {
  // An array of one pointer.
  const names = new KernelStruct(BpfAttr.obj, { pathname: "ebpf_ts_no_such_function" });
  const given = { cnt: 1, syms: names.bytes };
  const answer = linkAnswer(sys, { prog_fd: program.fd, attach_type: attachType, kprobe_multi: given }, Errno.ESRCH);
  // What it points at lives as long as it does.
  names.put(BpfAttr.obj.fields.bpf_fd, 0);
  return answer;
};

/** No type has that number. A kernel that loads such programs may have no such links, where its trampolines are not ftrace's. */
const byType: LinkProbe = (sys, program, attachType) => {
  const given = { cnt: 1, ids: Uint32Array.of(nowhere) };
  const attributes = { prog_fd: program.fd, attach_type: attachType, tracing_multi: given };
  const result = sys.bpf(Command.LINK_CREATE, new KernelStruct(BpfAttr.link_create, attributes));
  if (result === -Errno.EOPNOTSUPP) return no;
  return result === -Errno.EPERM ? refused : yes;
};

/** A folder is no file with code. */
const byFile: LinkProbe = (sys, program, attachType) => {
  const given = { path: "/", offsets: new BigUint64Array(1), cnt: 1 };
  return linkAnswer(sys, { prog_fd: program.fd, attach_type: attachType, uprobe_multi: given }, Errno.EBADF);
};

const links: Readonly<Partial<Record<PlaceKind, LinkProbe>>> = {
  // Clsact takes those whose section says nothing of tcx.
  tc: (sys, program, attachType) => (attachType === 0 ? yes : byInterface(sys, program, attachType)),
  netkit: byInterface,
  kprobe_multi: byFunction,
  fentry_multi: byType,
  uprobe_multi: byFile,
};

type LinkAttributes = ConstructorParameters<typeof KernelStruct<typeof BpfAttr.link_create>>[1];

/** `expected`: the errno of a kernel that looked for the place. */
function linkAnswer(sys: Sys, attributes: LinkAttributes, expected: number): Answer {
  const result = sys.bpf(Command.LINK_CREATE, new KernelStruct(BpfAttr.link_create, attributes));
  if (result === -expected) return yes;
  return result === -Errno.EPERM ? refused : no;
}
