import type { AssembledProgram } from "../../../spec/types.ts";
import type { Attributes } from "../../../sys/ffi/attributes.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";

/** `struct bpf_func_info`: first slot, type id of the function. */
const FUNCTION_RECORD = 8;
/** `struct bpf_line_info`: slot, file name, text of the line (offsets in the BTF strings), line << 10 | column. */
const LINE_RECORD = 16;
const LARGEST_LINE = (1 << 22) - 1;
const LARGEST_COLUMN = (1 << 10) - 1;

/**
 * Adds function and line info to the attributes of BPF_PROG_LOAD. The kernel takes function info for all functions or
 * for none, and line info only if every function begins with a line; what is not complete is left out.
 */
export function addDebugInfo(attributes: Attributes, program: AssembledProgram, btf: Descriptor): void {
  if (program.functions.length === 0 || program.functions.some((entry) => entry.btfFunction === 0)) return;
  const functions = encodeFunctions(program);
  attributes.u32(72, btf.fd).u32(76, FUNCTION_RECORD).pointer(80, functions).u32(88, program.functions.length);
  const lines = encodeLines(program);
  if (lines === undefined) return;
  attributes
    .u32(92, LINE_RECORD)
    .pointer(96, lines)
    .u32(104, lines.length / LINE_RECORD);
}

function encodeFunctions(program: AssembledProgram): Uint8Array {
  const view = new DataView(new ArrayBuffer(program.functions.length * FUNCTION_RECORD));
  program.functions.forEach((entry, index) => {
    view.setUint32(index * FUNCTION_RECORD, entry.slot, true);
    view.setUint32(index * FUNCTION_RECORD + 4, entry.btfFunction, true);
  });
  return new Uint8Array(view.buffer);
}

function encodeLines(program: AssembledProgram): Uint8Array | undefined {
  const slots = new Set(program.lines.map((line) => line.slot));
  if (!program.functions.every((entry) => slots.has(entry.slot))) return undefined;
  const view = new DataView(new ArrayBuffer(program.lines.length * LINE_RECORD));
  let last = -1;
  for (const [index, line] of program.lines.entries()) {
    if (line.slot <= last || line.slot >= program.instructions.length) return undefined;
    last = line.slot;
    const at = index * LINE_RECORD;
    view.setUint32(at, line.slot, true);
    view.setUint32(at + 4, line.fileOffset, true);
    view.setUint32(at + 8, line.textOffset, true);
    const column = Math.min(line.column, LARGEST_COLUMN);
    view.setUint32(at + 12, Math.min(line.line, LARGEST_LINE) * (LARGEST_COLUMN + 1) + column, true);
  }
  return new Uint8Array(view.buffer);
}
