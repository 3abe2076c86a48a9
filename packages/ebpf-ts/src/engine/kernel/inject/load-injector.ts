import { EbpfError, NotSupportedError, SyscallError } from "../../../base/errors.ts";
import { assemble } from "../../../spec/assembly/assemble.ts";
import { parse } from "../../../spec/parse.ts";
import { setVariable } from "../../../spec/set-variable.ts";
import type { CollectionSpec, MapSpec, ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import type { MapInfo } from "../../map.ts";
import { createMap } from "../map/create-map.ts";
import { failure } from "../failure.ts";
import { fillMap } from "../map/fill-map.ts";
import { KernelMap } from "../map/kernel-map.ts";
import { loadBtf } from "../load/load-btf.ts";
import { loadProgram } from "../load/load-program.ts";
import { mapInfo } from "../object-info.ts";
import { resolveReferences } from "../load/resolve-references.ts";
import type { FrameSize } from "./frame-size.ts";
import { injectObject } from "./inject-object.gen.ts";

/** The ring to inject into, by its descriptor: whoever made it. */
export interface InjectTarget {
  readonly fd: number;
  readonly info: MapInfo;
}

export interface InjectParts {
  /** The private user ring. */
  readonly queue: Descriptor;
  /** `inject` of inject.bpf.c. */
  readonly program: Descriptor;
}

/** Loads the library's own program, with the target in place of the ring that it was compiled with. */
export async function loadInjector(sys: Sys, target: InjectTarget, frame: FrameSize): Promise<InjectParts> {
  try {
    return await load(sys, target, frame);
  } catch (error) {
    throw explained(error, target.info.name);
  }
}

async function load(
  sys: Sys,
  target: InjectTarget,
  { queue: queueBytes, span, largest }: FrameSize,
): Promise<InjectParts> {
  const spec = parse(Uint8Array.from(atob(injectObject), (letter) => letter.charCodeAt(0)));
  setVariable(spec, "span", span);
  setVariable(spec, "largest", largest);
  const queueSpec: MapSpec = { ...named(spec.maps, "queue"), maxEntries: queueBytes };
  const constants = await loadConstants(sys, named(spec.maps, ".rodata"));
  try {
    const queue = await createMap(sys, queueSpec, undefined);
    try {
      const maps = { target: target.fd, queue: queue.fd, ".rodata": constants.fd };
      return { queue, program: await loadOnto(sys, spec, maps) };
    } catch (error) {
      queue.close();
      throw error;
    }
  } finally {
    // The program holds it.
    constants.close();
  }
}

async function loadConstants(sys: Sys, spec: MapSpec): Promise<Descriptor> {
  const descriptor = await createMap(sys, spec, undefined);
  try {
    fillMap(new KernelMap({ sys, descriptor, info: mapInfo(sys, descriptor), cpus: 1, bytes: spec.valueSize }), spec);
    return descriptor;
  } catch (error) {
    descriptor.close();
    throw error;
  }
}

/** Loads the program of a spec onto maps that exist already, by the names that the spec has for them. */
async function loadOnto(sys: Sys, spec: CollectionSpec, maps: Readonly<Record<string, number>>): Promise<Descriptor> {
  const program: ProgramSpec = named(spec.programs, "inject");
  const assembled = assemble(spec, program);
  resolveReferences(assembled, (name) => maps[name]);
  const btf = await loadBtf(sys, spec);
  try {
    return await loadProgram(sys, {
      spec: program,
      assembled,
      license: spec.license,
      btf,
      target: { typeId: 0 },
      fds: [],
    });
  } finally {
    btf?.close();
  }
}

function named<T extends { readonly name: string }>(list: readonly T[], name: string): T {
  const found = list.find((candidate) => candidate.name === name);
  if (found === undefined) throw new EbpfError("BAD_OBJECT", `The library's own inject.bpf.o has no ${name}`);
  return found;
}

/** User rings, and dynptrs of theirs, are Linux 6.1: before that the map's type is EINVAL. */
function explained(error: unknown, ring: string): unknown {
  if (!(error instanceof SyscallError)) return error;
  const action = `inject into ring ${ring}`;
  if (error.errno === Errno.EPERM) return failure(error.errno, action, error.call);
  if (error.errno !== Errno.EINVAL) return error;
  return new NotSupportedError("injection", `Cannot ${action}: that takes Linux 6.1, with user ring buffers`, "6.1", {
    cause: error,
  });
}
