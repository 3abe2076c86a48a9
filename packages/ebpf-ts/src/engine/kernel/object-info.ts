import { Attributes } from "../../sys/ffi/attributes.ts";
import type { Descriptor } from "../../sys/ffi/descriptor.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import { Command } from "../../uapi/uapi.gen.ts";
import type { MapInfo } from "../map.ts";
import type { ProgramInfo } from "../program.ts";
import { check } from "./failure.ts";

/** BPF_OBJ_GET_INFO_BY_FD: the kernel fills in as much of the struct as it knows, and as there is room for. */
function objectInfo(sys: Sys, descriptor: Descriptor, size: number, what: string): DataView {
  const info = new DataView(new ArrayBuffer(size));
  const attributes = new Attributes(16).u32(0, descriptor.fd).u32(4, size).pointer(8, info);
  check(sys.bpf(Command.OBJ_GET_INFO_BY_FD, attributes), `ask for ${what}`);
  return info;
}

function text(info: DataView, offset: number, length: number): string {
  const bytes = new Uint8Array(info.buffer, offset, length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(bytes.subarray(0, end < 0 ? length : end));
}

export interface KernelMapInfo extends MapInfo {
  readonly mapExtra: bigint;
}

/** `struct bpf_map_info`, up to `map_extra`. */
export function mapInfo(sys: Sys, descriptor: Descriptor): KernelMapInfo {
  const info = objectInfo(sys, descriptor, 88, "a map's properties");
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    keySize: info.getUint32(8, true),
    valueSize: info.getUint32(12, true),
    maxEntries: info.getUint32(16, true),
    flags: info.getUint32(20, true),
    name: text(info, 24, 16),
    mapExtra: info.getBigUint64(80, true),
  };
}

/** `struct bpf_prog_info`, up to `name`. */
export function programInfo(sys: Sys, descriptor: Descriptor): ProgramInfo {
  const info = objectInfo(sys, descriptor, 80, "a program's properties");
  const tag = new Uint8Array(info.buffer, 8, 8);
  return {
    type: info.getUint32(0, true),
    id: info.getUint32(4, true),
    tag: Array.from(tag, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    name: text(info, 64, 16),
  };
}
