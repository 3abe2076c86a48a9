import type { AssembledProgram } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Pointee } from "../../../sys/ffi/kernel-struct.ts";
import { putNumber } from "../../../uapi/fields.ts";
import type { ValuesFor } from "../../../uapi/layout.ts";
import { type BpfAttr, BpfFuncInfo, BpfLineInfo } from "../../../uapi/structs.gen.ts";

const LARGEST_LINE = (1 << 22) - 1;
const LARGEST_COLUMN = (1 << 10) - 1;

/** How much the kernel is told: lines and functions, functions alone, or nothing. */
export type DebugDetail = "lines" | "functions" | "nothing";

/**
 * Function and line info for BPF_PROG_LOAD. The kernel takes function info for all functions or for none, and line info
 * only if every function begins with a line; what is not complete is left out.
 */
export function debugInfo(
  program: AssembledProgram,
  btf: Descriptor,
  detail: DebugDetail,
): ValuesFor<typeof BpfAttr.prog_load.fields, Pointee> {
  if (
    detail === "nothing" ||
    program.functions.length === 0 ||
    program.functions.some((entry) => entry.btfFunction === 0)
  )
    return {};
  const functions = {
    prog_btf_fd: btf.fd,
    func_info_rec_size: BpfFuncInfo.size,
    func_info: encodeFunctions(program),
    func_info_cnt: program.functions.length,
  };
  const lines = detail === "lines" ? encodeLines(program) : undefined;
  if (lines === undefined) return functions;
  return {
    ...functions,
    line_info_rec_size: BpfLineInfo.size,
    line_info: lines,
    line_info_cnt: lines.length / BpfLineInfo.size,
  };
}

function encodeFunctions(program: AssembledProgram): Uint8Array {
  const { insn_off, type_id } = BpfFuncInfo.fields;
  const view = new DataView(new ArrayBuffer(program.functions.length * BpfFuncInfo.size));
  program.functions.forEach((entry, index) => {
    const at = index * BpfFuncInfo.size;
    putNumber(view, at, insn_off, entry.slot);
    putNumber(view, at, type_id, entry.btfFunction);
  });
  return new Uint8Array(view.buffer);
}

/** File names and texts are offsets in the BTF's strings. */
function encodeLines(program: AssembledProgram): Uint8Array | undefined {
  const slots = new Set(program.lines.map((line) => line.slot));
  if (!program.functions.every((entry) => slots.has(entry.slot))) return undefined;
  const { insn_off, file_name_off, line_off, line_col } = BpfLineInfo.fields;
  const view = new DataView(new ArrayBuffer(program.lines.length * BpfLineInfo.size));
  let last = -1;
  for (const [index, line] of program.lines.entries()) {
    if (line.slot <= last || line.slot >= program.instructions.length) return undefined;
    last = line.slot;
    const at = index * BpfLineInfo.size;
    putNumber(view, at, insn_off, line.slot);
    putNumber(view, at, file_name_off, line.fileOffset);
    putNumber(view, at, line_off, line.textOffset);
    const column = Math.min(line.column, LARGEST_COLUMN);
    putNumber(view, at, line_col, Math.min(line.line, LARGEST_LINE) * (LARGEST_COLUMN + 1) + column);
  }
  return new Uint8Array(view.buffer);
}
