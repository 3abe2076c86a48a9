import { encodeInstructions } from "../../../../insn/codec.ts";
import { EXIT } from "../../../../insn/opcodes.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { BpfAttr } from "../../../../uapi/structs.gen.ts";
import { AttachType, Command, ProgType } from "../../../../uapi/uapi.gen.ts";

/** BPF_ALU64 | BPF_MOV */
const movImmediate = 0xb7;
const code = [
  { opcode: movImmediate, dst: 0, src: 0, offset: 0, imm: 0 },
  { opcode: EXIT, dst: 0, src: 0, offset: 0, imm: 0 },
];
const noProcess = 0xffff_ffff;

let known: boolean | undefined;

/**
 * Whether one link attaches a program to many places of a file, those of one process alone too: such links are Linux 6.6, and the first of them
 * took a thread for its process, so that libbpf does without them as well. What this process may not load says nothing.
 */
export function haveUprobeMulti(sys: Sys): boolean {
  if (known !== undefined) return known;
  const fd = sys.bpf(
    Command.PROG_LOAD,
    new KernelStruct(BpfAttr.prog_load, {
      prog_type: ProgType.KPROBE,
      expected_attach_type: AttachType.TRACE_UPROBE_MULTI,
      insn_cnt: code.length,
      insns: encodeInstructions(code),
      license: "GPL",
    }),
  );
  if (fd < 0) return false;
  const program = new Descriptor(fd, "the probe of links of many uprobes");
  try {
    // A folder is no file with code, and that number no process: each is looked at by kernels that have the links, and have them right.
    known = tryLink(sys, program) === -Errno.EBADF && tryLink(sys, program, noProcess) === -Errno.EINVAL;
    return known;
  } finally {
    program.close();
  }
}

function tryLink(sys: Sys, program: Descriptor, pid?: number): number {
  const result = sys.bpf(
    Command.LINK_CREATE,
    new KernelStruct(BpfAttr.link_create, {
      prog_fd: program.fd,
      attach_type: AttachType.TRACE_UPROBE_MULTI,
      uprobe_multi: { path: "/", offsets: new BigUint64Array(1), cnt: 1, ...(pid === undefined ? {} : { pid }) },
    }),
  );
  if (result >= 0) new Descriptor(result, "a link that was not to be").close();
  return result;
}
