import { EbpfError } from "../../../../base/errors.ts";
import type { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../../uapi/structs.gen.ts";
import { attachTypeName } from "../../../../uapi/type-names.ts";
import { Command } from "../../../../uapi/uapi.gen.ts";
import { check } from "../../failure.ts";
import type { AttachmentPart } from "../attachment.ts";

export interface MapAttachment {
  /** Becomes the part's own. */
  readonly map: Descriptor;
  readonly program: number;
  readonly attachType: number;
  readonly action: string;
}

/** BPF_PROG_ATTACH to a map of sockets (Linux 4.14). */
export function attachToMap(sys: Sys, { map, program, attachType, action }: MapAttachment): AttachmentPart {
  let attached = program;
  const ask = (command: number): number => {
    const given = { target_fd: map.fd, attach_bpf_fd: attached, attach_type: attachType };
    return sys.bpf(command, new KernelStruct(BpfAttr.prog_attach, given));
  };
  check(ask(Command.PROG_ATTACH), action);
  return {
    link: undefined,
    noLink: { why: "this kernel has no sockmap links", since: "6.10" },
    details: { attachType: attachTypeName(attachType) },
    beside: [{ close: () => void ask(Command.PROG_DETACH) }, map],
    update(other, doing) {
      attached = other;
      check(ask(Command.PROG_ATTACH), doing);
    },
  };
}

/** A second one would take the place of the first without a word. What is there, kernels tell since Linux 5.17. */
export function refuseIfTaken(sys: Sys, map: Descriptor, attachType: number, action: string): void {
  const ids = new Uint8Array(4);
  const query = new KernelStruct(BpfAttr.query, {
    target_fd: map.fd,
    attach_type: attachType,
    prog_ids: ids,
    count: 1,
  });
  if (sys.bpf(Command.PROG_QUERY, query) < 0 || query.values.count === 0) return;
  const id = new DataView(ids.buffer).getUint32(0, true);
  const where = `${attachTypeName(attachType)} of the map`;
  throw new EbpfError("BUSY", `Cannot ${action}: program ${id} is at ${where} already, and there it takes one`);
}
