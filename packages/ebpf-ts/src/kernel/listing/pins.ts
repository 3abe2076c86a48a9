import { objectKind } from "../../engine/kernel/map/open-kernel-map.ts";
import { objectInfo } from "../../engine/kernel/object-info.ts";
import { refuseIfLockedDown } from "../../host/locked-down.ts";
import { entriesIn, mountsOf } from "../../host/system-files.ts";
import { Descriptor } from "../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../sys/ffi/kernel-struct.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { BpfAttr, BpfLinkInfo, BpfMapInfo, BpfProgInfo } from "../../uapi/structs.gen.ts";
import { Command } from "../../uapi/uapi.gen.ts";

/** What can be pinned. */
export type PinnedKind = "program" | "map" | "link";

/** Where what is pinned: for each kind, paths by the id of the object. */
export type Pins = Readonly<Record<PinnedKind, ReadonlyMap<number, readonly string[]>>>;

/** Looks through all bpf file systems that this process sees, as far as it may. */
export function pins(): Pins {
  return pinsOf(linuxSys());
}

/** @internal */
export function pinsOf(sys: Sys): Pins {
  refuseIfLockedDown("look for pins", "bpf");
  const found = { program: new Map<number, string[]>(), map: new Map<number, string[]>(), link: new Map() } as const;
  for (const path of pathsOfPins()) {
    const object = openPin(sys, path);
    if (object === undefined) continue;
    try {
      const facts = factsOf(sys, object);
      if (facts !== undefined) found[facts.kind].set(facts.id, [...(found[facts.kind].get(facts.id) ?? []), path]);
    } finally {
      object.close();
    }
  }
  return found;
}

/** Opens what is pinned somewhere, by its id; undefined where this process finds no pin of it. */
export function openPinnedOne(sys: Sys, kind: PinnedKind, id: number): Descriptor | undefined {
  for (const path of pathsOfPins()) {
    const object = openPin(sys, path);
    const facts = object && factsOf(sys, object);
    if (facts?.kind === kind && facts.id === id) return object;
    object?.close();
  }
  return undefined;
}

function pathsOfPins(): Iterable<string> {
  return pathsIn(new Set(mountsOf("bpf", "look for pins").map(({ folder }) => folder)));
}

/** Folders may be made while they are read: those that were there, and one after the other. */
function* pathsIn(folders: Iterable<string>): Generator<string> {
  const left = [...folders];
  for (let folder = left.pop(); folder !== undefined; folder = left.pop()) {
    for (const { name, kind } of entriesIn(folder)) {
      const path = `${folder === "/" ? "" : folder}/${name}`;
      if (kind === "folder") left.push(path);
      else if (kind === "file") yield path;
    }
  }
}

/** BPF_OBJ_GET. What cannot be opened is somebody else's, or gone. */
function openPin(sys: Sys, path: string): Descriptor | undefined {
  const fd = sys.bpf(Command.OBJ_GET, new KernelStruct(BpfAttr.obj, { pathname: path }));
  return fd < 0 ? undefined : new Descriptor(fd, path);
}

interface PinnedFacts {
  readonly kind: PinnedKind;
  readonly id: number;
}

function factsOf(sys: Sys, object: Descriptor): PinnedFacts | undefined {
  const kind = kinds[objectKind(object)];
  return kind === undefined ? undefined : { kind, id: objectInfo(sys, object, infos[kind], "what is pinned").id };
}

const kinds: Readonly<Record<string, PinnedKind>> = {
  "a bpf-prog": "program",
  "a bpf-map": "map",
  "a bpf_link": "link",
  "a bpf-link": "link",
};

const infos = { program: BpfProgInfo, map: BpfMapInfo, link: BpfLinkInfo } as const;
