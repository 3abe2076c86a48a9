import { EbpfError } from "../../../base/errors.ts";
import { parseBtfInPlace } from "../../../btf/parse-btf.ts";
import type { Btf } from "../../../btf/types.ts";
import { bytesIfThere, entriesIn } from "../../../host/system-files.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno } from "../../../uapi/errno.ts";
import { BpfAttr, BpfBtfInfo } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { failure, isShortage } from "../failure.ts";
import { objectInfo } from "../object-info.ts";
import { kernelBtf } from "./kernel-btf.ts";

/** The types of one module (split BTF, Linux 5.11): its table goes on where the kernel's own ends. */
export interface ModuleTypes {
  readonly name: string;
  /** Of its BTF, in the kernel; undefined where this process may not know it (CAP_SYS_ADMIN): it can be read, and nothing attached to it. */
  readonly id: number | undefined;
  readonly btf: Btf;
}

const longestName = 64;
const btfFolder = "/sys/kernel/btf";

/** The types of the running kernel and of its modules, for one load: nothing is read before it is asked for. */
export class KernelTypes {
  readonly #sys: Sys;
  #modules: readonly ModuleTypes[] | undefined;
  readonly #descriptors = new Map<number, Descriptor>();

  constructor(sys: Sys) {
    this.#sys = sys;
  }

  /** The kernel's own. */
  own(): Promise<Btf> {
    return kernelBtf();
  }

  /** Those of all modules that are loaded, in the kernel's order; without CAP_SYS_ADMIN by their names. */
  modules(own: Btf): readonly ModuleTypes[] {
    this.#modules ??= readModules(this.#sys, own) ?? modulesInFiles(own);
    return this.#modules;
  }

  /** A descriptor of a module's types, for the kernel: open until {@link close}. */
  descriptorOf(module: ModuleTypes): Descriptor {
    if (module.id === undefined) throw needsAdmin(module.name);
    const known = this.#descriptors.get(module.id) ?? openById(this.#sys, module.id);
    if (typeof known === "number") throw failure(known, `use the types of module ${module.name}`, "bpf");
    this.#descriptors.set(module.id, known);
    return known;
  }

  close(): void {
    for (const descriptor of this.#descriptors.values()) descriptor.close();
  }
}

/** Undefined where this process may not ask for them. */
function readModules(sys: Sys, own: Btf): readonly ModuleTypes[] | undefined {
  const found: ModuleTypes[] = [];
  const next = new KernelStruct(BpfAttr.get_id);
  for (let id = 0; ;) {
    next.assign({ start_id: id });
    const result = sys.bpf(Command.BTF_GET_NEXT_ID, next);
    if (result === -Errno.EPERM) return undefined;
    if (result < 0) return found;
    id = next.values.next_id;
    const module = readModule(sys, id, own);
    if (module !== undefined) found.push(module);
  }
}

/** Files that everybody may read (Linux 5.11). A module may go away meanwhile. */
function modulesInFiles(own: Btf): readonly ModuleTypes[] {
  const names = entriesIn(btfFolder).flatMap(({ name }) => (name === "vmlinux" ? [] : name));
  return names.sort().flatMap((name) => {
    const bytes = bytesIfThere(`${btfFolder}/${name}`);
    return bytes === undefined ? [] : { name, id: undefined, btf: parseBtfInPlace(bytes, own) };
  });
}

function needsAdmin(module: string): EbpfError {
  const message = `Cannot use the types of module ${module}: to open them takes root, or CAP_SYS_ADMIN`;
  return new EbpfError("NO_PRIVILEGE", message);
}

/** Undefined for types that are no module's, and for those that went away meanwhile. */
function readModule(sys: Sys, id: number, own: Btf): ModuleTypes | undefined {
  const object = openById(sys, id);
  if (object === -Errno.ENOENT || object === -Errno.EPERM) return undefined;
  if (typeof object === "number") throw failure(object, "read the types of the kernel's modules", "bpf");
  try {
    const text = new Uint8Array(longestName);
    const given = { name: text, name_len: text.length };
    const { kernel_btf, btf_size } = objectInfo(sys, object, BpfBtfInfo, "whose types they are", given);
    const name = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
    if (kernel_btf === 0 || name === "vmlinux") return undefined;
    const bytes = new Uint8Array(btf_size);
    objectInfo(sys, object, BpfBtfInfo, `the types of module ${name}`, { btf: bytes, btf_size });
    return { name, id, btf: parseBtfInPlace(bytes, own) };
  } finally {
    object.close();
  }
}

/** Or the error, negative. */
function openById(sys: Sys, id: number): Descriptor | number {
  const fd = sys.bpf(Command.BTF_GET_FD_BY_ID, new KernelStruct(BpfAttr.get_id, { btf_id: id }));
  if (isShortage(fd)) throw failure(fd, "read the types of the kernel's modules", "bpf");
  return fd < 0 ? fd : new Descriptor(fd, `BTF ${id}`);
}
