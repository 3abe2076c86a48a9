import { EbpfError } from "../../base/errors.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { adminFailure, failure } from "../../engine/kernel/failure.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Errno } from "../../uapi/errno.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import { openPinnedOne } from "./pins.ts";

/** What the kernel gives numbers to. */
export type LoadedKind = "program" | "map" | "link" | "btf";

/** How the kernel is asked for all that it has of a kind, and for one by its number. */
interface Family {
  readonly next: number;
  readonly open: number;
  readonly field: "prog_id" | "map_id" | "link_id" | "btf_id";
  /** In sentences. */
  readonly one: string;
  readonly many: string;
}

const families: Readonly<Record<LoadedKind, Family>> = {
  program: {
    next: Command.PROG_GET_NEXT_ID,
    open: Command.PROG_GET_FD_BY_ID,
    field: "prog_id",
    one: "program",
    many: "programs",
  },
  map: { next: Command.MAP_GET_NEXT_ID, open: Command.MAP_GET_FD_BY_ID, field: "map_id", one: "map", many: "maps" },
  link: {
    next: Command.LINK_GET_NEXT_ID,
    open: Command.LINK_GET_FD_BY_ID,
    field: "link_id",
    one: "link",
    many: "links",
  },
  btf: { next: Command.BTF_GET_NEXT_ID, open: Command.BTF_GET_FD_BY_ID, field: "btf_id", one: "BTF", many: "BTF" },
};

/** All of a kind, one after the other, as `read` tells them. What goes away meanwhile is left out, what comes may be there. */
export function* allOf<T>(sys: Sys, kind: LoadedKind, read: (descriptor: Descriptor) => T): Generator<T, undefined> {
  refuseIfLockedDown(`list ${families[kind].many}`, "bpf");
  for (let id = nextId(sys, kind, 0); id !== undefined; id = nextId(sys, kind, id)) {
    const found = readOne(sys, kind, id, read);
    if (found !== undefined) yield found;
  }
}

/** Undefined where there is none of that number. */
export function readOne<T>(sys: Sys, kind: LoadedKind, id: number, read: (descriptor: Descriptor) => T): T | undefined {
  const descriptor = openOne(sys, kind, id);
  if (descriptor === undefined) return undefined;
  try {
    return read(descriptor);
  } finally {
    descriptor.close();
  }
}

/** The same for what must be there. `action` follows "Cannot". */
export function needOne<T>(
  sys: Sys,
  kind: LoadedKind,
  id: number,
  action: string,
  use: (descriptor: Descriptor) => T,
): T {
  const descriptor = openOne(sys, kind, id);
  if (descriptor === undefined) {
    throw new EbpfError("NOT_FOUND", `Cannot ${action}: there is no ${families[kind].one} with the id ${id}`);
  }
  try {
    return use(descriptor);
  } finally {
    descriptor.close();
  }
}

/** BPF_*_GET_FD_BY_ID, or by a pin of it where this process may not do that. */
function openOne(sys: Sys, kind: LoadedKind, id: number): Descriptor | undefined {
  const { open, field, one } = families[kind];
  refuseIfLockedDown(`open ${one} ${id}`, "bpf");
  const fd = sys.bpf(open, new KernelStruct(BpfAttr.get_id, { [field]: id }));
  if (fd === -Errno.ENOENT) return undefined;
  const pinned = fd === -Errno.EPERM && kind !== "btf" ? openPinnedOne(sys, kind, id) : undefined;
  if (pinned !== undefined) return pinned;
  if (fd < 0) throw refused(fd, kind, `open ${one} ${id}`);
  return new Descriptor(fd, `${one} ${id}`);
}

/** BPF_*_GET_NEXT_ID. Undefined after the last. */
function nextId(sys: Sys, kind: LoadedKind, id: number): number | undefined {
  const attributes = new KernelStruct(BpfAttr.get_id, { start_id: id, next_id: 0 });
  const result = sys.bpf(families[kind].next, attributes);
  if (result === -Errno.ENOENT) return undefined;
  if (result < 0) throw refused(result, kind, `list ${families[kind].many}`);
  return attributes.number(BpfAttr.get_id.fields.next_id);
}

/** Links have numbers since Linux 5.8, BTF since 4.18 and all of it is listed since 5.4. */
function refused(result: number, kind: LoadedKind, action: string): EbpfError {
  if (result !== -Errno.EINVAL) return adminFailure(result, action);
  const since = kind === "link" ? "5.8" : "5.4";
  return failure(result, action, "bpf", `this kernel gives them no numbers (Linux ${since})`);
}
