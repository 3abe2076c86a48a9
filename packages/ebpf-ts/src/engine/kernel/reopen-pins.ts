import { EbpfError } from "../../base/errors.ts";
import { programKinds } from "../../kinds/program-kinds.ts";
import type { ProgramSpec } from "../../spec/types.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { LinkInfo } from "../link.ts";
import type { LinkDetails } from "./attach/attachment.ts";
import { KernelProgram } from "./kernel-program.ts";
import { objectKind } from "./map/open-kernel-map.ts";
import { checkPinPath } from "./map/reopen.ts";
import { linkInfo, programInfo } from "./object-info.ts";
import { openPin, unpinObject } from "./pin.ts";

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
  return { spec, program: new KernelProgram(sys, descriptor, spec) };
}

export interface ReopenedLink {
  readonly info: LinkInfo;
  unpin(): void;
  close(): void;
}

/** A link that is pinned at `path` (BPF_OBJ_GET, Linux 5.7). */
export function reopenLink(path: string, sys: Sys = linuxSys()): ReopenedLink {
  const descriptor = opened(sys, path, "link", "a bpf_link");
  return {
    get info() {
      return linkInfo(sys, descriptor, noDetails);
    },
    unpin: () => unpinObject(path, "the link"),
    close: () => descriptor.close(),
  };
}

const noDetails: LinkDetails = { ask: () => ({}), read: () => ({}) };

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
