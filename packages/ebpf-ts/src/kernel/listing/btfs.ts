import { integer } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { parseBtfInPlace } from "../../btf/parse-btf.ts";
import type { Btf } from "../../btf/types.ts";
import { kernelBtf } from "../../engine/kernel/load/kernel-btf.ts";
import { objectInfo } from "../../engine/kernel/object-info.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { BpfBtfInfo } from "../../uapi/structs.gen.ts";
import { allOf, needOne, readOne } from "./family.ts";

/** Types that are in the kernel (`struct bpf_btf_info`): its own, those of a module, or those of an object that was loaded. */
export interface LoadedBtf {
  readonly id: number;
  /** `vmlinux`, or the module's; empty for those of objects, and before Linux 5.11. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The kernel's own, or a module's (Linux 5.11). */
  readonly kernel: boolean;
}

/** BTF that is in the kernel, in the order of the ids (BPF_BTF_GET_NEXT_ID, Linux 5.4). NO_PRIVILEGE without CAP_SYS_ADMIN. */
export function btfs(): Iterable<LoadedBtf> {
  return btfsOf(linuxSys());
}

/** One of them; undefined where there is none of that id. */
export function findBtf(id: number): LoadedBtf | undefined {
  integer(0, 0xffff_ffff)(id, "The id of findBtf()");
  const sys = linuxSys();
  return readOne(sys, "btf", id, (descriptor) => readFacts(sys, descriptor));
}

/** Its types. Those of a module go on where the kernel's own end, which are read for it. Throws NOT_FOUND where there are none of that id. */
export async function readBtf(id: number): Promise<Btf> {
  integer(0, 0xffff_ffff)(id, "The id of readBtf()");
  const sys = linuxSys();
  const { facts, bytes } = needOne(sys, "btf", id, `read BTF ${id}`, (descriptor) => {
    return { facts: readFacts(sys, descriptor), bytes: readBytes(sys, descriptor) };
  });
  const ofModule = facts.kernel && facts.name !== "vmlinux";
  return parseBtfInPlace(bytes, ofModule ? await kernelBtf() : undefined);
}

/** The running kernel's own types, from /sys/kernel/btf/vmlinux, which takes no privilege. NOT_SUPPORTED for a kernel without. */
export function readKernelBtf(): Promise<Btf> {
  return kernelBtf();
}

/** @internal */
export function btfsOf(sys: Sys): Iterable<LoadedBtf> {
  return allOf(sys, "btf", (descriptor) => readFacts(sys, descriptor));
}

/** Types of an object; undefined where they are gone, or this process may not see them (CAP_SYS_ADMIN). */
export function programTypes(sys: Sys, id: number): Btf | undefined {
  if (id === 0) return undefined;
  try {
    return readOne(sys, "btf", id, (descriptor) => parseBtfInPlace(readBytes(sys, descriptor)));
  } catch (error) {
    if (error instanceof EbpfError && error.code === "NO_PRIVILEGE") return undefined;
    throw error;
  }
}

/** MODULE_NAME_LEN */
const longestName = 64;

function readFacts(sys: Sys, descriptor: Descriptor): LoadedBtf {
  const name = new Uint8Array(longestName);
  const info = objectInfo(sys, descriptor, BpfBtfInfo, "the properties of types", { name, name_len: name.length });
  const text = new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
  return { id: info.id, name: text, size: info.btf_size, kernel: info.kernel_btf !== 0 };
}

function readBytes(sys: Sys, descriptor: Descriptor): Uint8Array {
  const { btf_size } = objectInfo(sys, descriptor, BpfBtfInfo, "the size of some types");
  const bytes = new Uint8Array(btf_size);
  objectInfo(sys, descriptor, BpfBtfInfo, "some types", { btf: bytes, btf_size });
  return bytes;
}
