import { integer } from "../../base/checks.ts";
import type { Btf, LineInfo } from "../../btf/types.ts";
import { objectInfo } from "../../engine/kernel/object-info.ts";
import { decodeInstructions } from "../../insn/codec.ts";
import type { Instruction } from "../../insn/instruction.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import type { Sys } from "../../sys/ffi/sys.ts";
import type { ValuesOf } from "../../uapi/layout.ts";
import { BpfFuncInfo, BpfLineInfo, BpfProgInfo } from "../../uapi/structs.gen.ts";
import { programTypes } from "../listing/btfs.ts";
import { needOne } from "../listing/family.ts";
import type { CodeBuffers, MachineFunction, ProgramFunction } from "./code-parts.ts";
import { machineFunctions } from "./machine-code.ts";
import { slotNames } from "./slot-names.ts";

/** The code of a loaded program, as the kernel has it. */
export interface ProgramCode {
  /**
   * What the verifier has left (`xlated`): without dead code, with accesses rewritten; maps by id, helpers by distance. Empty where the kernel
   * shows it to nobody without CAP_SYS_ADMIN.
   */
  readonly instructions: readonly Instruction[];
  /** For `disassemble` of `ebpf-ts/insn`: maps, helpers, kernel functions and subprograms by slot, as far as the kernel tells. */
  readonly names: ReadonlyMap<number, string>;
  /** The program's own function first. Empty for a program without types. */
  readonly functions: readonly ProgramFunction[];
  /** C lines by slot; none for a program without types. */
  readonly lines: readonly LineInfo[];
  /** Machine code, function by function: none where it is interpreted, or where `kernel.kptr_restrict` and the like hide it. */
  readonly machine: readonly MachineFunction[];
}

export type ProgramFields = ValuesOf<(typeof BpfProgInfo)["fields"]>;

/** The code of a program, by its id, and what it was compiled from (BPF_OBJ_GET_INFO_BY_FD). Throws NOT_FOUND where there is none of that id. */
export function programCode(id: number): ProgramCode {
  integer(0, 0xffff_ffff)(id, "The id of programCode()");
  const sys = linuxSys();
  return needOne(sys, "program", id, `read the code of program ${id}`, (descriptor) => readCode(sys, descriptor));
}

function readCode(sys: Sys, descriptor: { readonly fd: number }): ProgramCode {
  const sizes = objectInfo(sys, descriptor, BpfProgInfo, "a program's properties");
  const room = buffersFor(sizes);
  const given = objectInfo(sys, descriptor, BpfProgInfo, "a program's code", room.asked);
  // The kernel takes the pointer away where it shows no code.
  const instructions = given.xlated_prog_insns === 0n ? [] : decodeInstructions(room.translated);
  const types = programTypes(sys, sizes.btf_id);
  const functions = types === undefined ? [] : functionsOf(room.functions, types);
  const lines = types === undefined ? [] : linesOf(room.lines, types);
  return {
    instructions,
    names: slotNames(instructions, functions),
    functions,
    lines,
    machine: given.jited_prog_insns === 0n ? [] : machineFunctions(room, functions, lines),
  };
}

function buffersFor(sizes: ProgramFields): CodeBuffers & { readonly asked: object } {
  const room: CodeBuffers = {
    translated: new Uint8Array(sizes.xlated_prog_len),
    jited: new Uint8Array(sizes.jited_prog_len),
    functions: new Uint8Array(sizes.nr_func_info * BpfFuncInfo.size),
    lines: new Uint8Array(sizes.nr_line_info * BpfLineInfo.size),
    addresses: new BigUint64Array(sizes.nr_jited_ksyms),
    lengths: new Uint32Array(sizes.nr_jited_func_lens),
    lineAddresses: new BigUint64Array(sizes.nr_jited_line_info),
  };
  const asked = {
    xlated_prog_len: room.translated.length,
    xlated_prog_insns: room.translated,
    jited_prog_len: room.jited.length,
    jited_prog_insns: room.jited,
    nr_func_info: sizes.nr_func_info,
    func_info_rec_size: BpfFuncInfo.size,
    func_info: room.functions,
    nr_line_info: sizes.nr_line_info,
    line_info_rec_size: BpfLineInfo.size,
    line_info: room.lines,
    nr_jited_ksyms: room.addresses.length,
    jited_ksyms: room.addresses,
    nr_jited_func_lens: room.lengths.length,
    jited_func_lens: room.lengths,
    nr_jited_line_info: room.lineAddresses.length,
    jited_line_info_rec_size: room.lineAddresses.BYTES_PER_ELEMENT,
    jited_line_info: room.lineAddresses,
  };
  return { ...room, asked };
}

function functionsOf(bytes: Uint8Array, types: Btf): ProgramFunction[] {
  const { insn_off: slot, type_id: id } = BpfFuncInfo.fields;
  return records(bytes, BpfFuncInfo.size).map((record) => {
    const type = types.type(record.getUint32(id.at, true));
    return { name: type.kind === "func" ? type.name : "", slot: record.getUint32(slot.at, true) };
  });
}

/** `line_col` holds the line in its upper 22 bits, the column in the lower 10. */
function linesOf(bytes: Uint8Array, types: Btf): LineInfo[] {
  const { insn_off: slot, file_name_off: file, line_off: text, line_col: place } = BpfLineInfo.fields;
  return records(bytes, BpfLineInfo.size).map((record) => {
    const [fileOffset, textOffset] = [record.getUint32(file.at, true), record.getUint32(text.at, true)];
    const position = record.getUint32(place.at, true);
    return {
      slot: record.getUint32(slot.at, true),
      file: types.string(fileOffset),
      line: position >>> 10,
      column: position & 0x3ff,
      text: types.string(textOffset),
      fileOffset,
      textOffset,
    };
  });
}

function records(bytes: Uint8Array, size: number): DataView[] {
  return Array.from({ length: bytes.length / size }, (_, index) => new DataView(bytes.buffer, index * size, size));
}
