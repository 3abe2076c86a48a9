import type { LinkTarget } from "../../attach/link-target.ts";
import { EbpfError, NotSupportedError } from "../../base/errors.ts";
import { programKinds } from "../../kinds/program-kinds.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { BpfAttr } from "../../uapi/structs.gen.ts";
import { Command, LinkType } from "../../uapi/uapi.gen.ts";
import type { LinkInfo } from "../link.ts";
import type { Replacement } from "../program.ts";
import type { EngineReading } from "../reading.ts";
import { findLinkKind } from "./attach/find-link-kind.ts";
import { descriptorOf, KernelProgram } from "./kernel-program.ts";
import { objectKind } from "./map/open-kernel-map.ts";
import { IteratorReading } from "./iterator-reading.ts";
import { checkPinPath } from "./map/reopen.ts";
import { linkFields, linkInfo, linkTarget, programInfo } from "./object-info.ts";
import { openPin, PinPlace } from "./pin.ts";
import { updateOps } from "./struct-ops/ops-link.ts";
import { opsMapOf } from "./struct-ops/ops-map.ts";
import { structOfMapId } from "./struct-ops/struct-of-map.ts";
import { cannotUpdate, updateLink } from "./update-link.ts";

export interface ReopenedProgram {
  readonly spec: ProgramSpec;
  readonly program: KernelProgram;
}

/** A program that is pinned at `path` (BPF_OBJ_GET). The kernel tells its name and type, and no more of what its section said. */
export function reopenProgram(path: string, sys: Sys = linuxSys()): ReopenedProgram {
  const descriptor = opened(sys, path, "program", "a bpf-prog");
  const { name, type } = programInfo(sys, descriptor);
  const spec: ProgramSpec = {
    name,
    type,
    kind: programKinds.find((kind) => kind.type === type)?.name ?? "",
    section: "",
    attachType: undefined,
    attachTo: "",
    sleepable: false,
    autoload: true,
    instructions: [],
    references: [],
    btfFunction: 0,
    lines: [],
    coreRelocations: [],
    linkage: "global",
  };
  return { spec, program: new KernelProgram(sys, descriptor, spec, { pinnedAt: path }) };
}

export interface ReopenedLink {
  readonly pinnedAt: string | undefined;
  readonly info: LinkInfo;
  readonly target: LinkTarget | undefined;
  update(next: Replacement): void;
  read(): EngineReading;
  unpin(): void;
  close(): void;
}

/** A link that is pinned at `path` (BPF_OBJ_GET, Linux 5.7). */
export async function reopenLink(path: string, sys: Sys = linuxSys()): Promise<ReopenedLink> {
  const descriptor = opened(sys, path, "link", "a bpf_link");
  try {
    return reopened(sys, path, descriptor, await structOfLink(sys, descriptor));
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/**
 * Of a link of operations of the kernel, the name of their struct: it takes no others than of that. Whatever keeps that from being told, the link is
 * good without.
 */
async function structOfLink(sys: Sys, link: Descriptor): Promise<string | undefined> {
  try {
    const { type, struct_ops } = linkFields(sys, link);
    return type === LinkType.STRUCT_OPS ? await structOfMapId(sys, struct_ops.map_id) : undefined;
  } catch {
    return undefined;
  }
}

function reopened(sys: Sys, path: string, descriptor: Descriptor, struct: string | undefined): ReopenedLink {
  const pin = new PinPlace(sys, path);
  const what = `the link that is pinned at ${path}`;
  return {
    get info() {
      return linkInfo(sys, descriptor);
    },
    get target(): LinkTarget | undefined {
      const { type, struct_ops } = linkFields(sys, descriptor);
      if (type === LinkType.STRUCT_OPS)
        return struct_ops.map_id === 0 || struct === undefined ? undefined : { kind: "struct_ops", struct };
      return linkTarget(sys, descriptor, (program) => programType(sys, program));
    },
    update(next) {
      const { type } = linkFields(sys, descriptor);
      const to = `update ${what} to ${next.info.name}`;
      if (type === LinkType.STRUCT_OPS) return updateOps(sys, descriptor, opsMapOf(next), to);
      const newProgram = descriptorOf(next);
      if (!findLinkKind(type).canUpdate) throw cannotUpdate(what, type);
      updateLink(sys, descriptor, newProgram, to);
    },
    read() {
      if (linkFields(sys, descriptor).type !== LinkType.ITER)
        throw new NotSupportedError("read link", `Cannot read ${what}: it is none of an iterator`);
      return new IteratorReading(sys, descriptor, `of ${what}`, () => {});
    },
    get pinnedAt() {
      return pin.path;
    },
    unpin: () => pin.unpin("the link"),
    close: () => descriptor.close(),
  };
}

/** BPF_PROG_GET_FD_BY_ID takes CAP_SYS_ADMIN; undefined without, and of a program that is gone. */
function programType(sys: Sys, id: number): number | undefined {
  const fd = sys.bpf(Command.PROG_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { prog_id: id }));
  if (fd < 0) return undefined;
  const descriptor = new Descriptor(fd, `program ${id}`);
  try {
    return programInfo(sys, descriptor).type;
  } finally {
    descriptor.close();
  }
}

function opened(sys: Sys, path: string, what: string, kind: string): Descriptor {
  checkPinPath(path);
  const descriptor = openPin(sys, path, `a pinned ${what}`);
  if (descriptor === undefined)
    throw new EbpfError("NOT_FOUND", `Cannot open a pinned ${what}: there is nothing at ${path}`);
  const found = objectKind(descriptor).replace("bpf-link", "bpf_link");
  if (found === kind) return descriptor;
  descriptor.close();
  throw new EbpfError("NOT_FOUND", `Cannot open ${path} as a ${what}: it is something else, ${found}`);
}
