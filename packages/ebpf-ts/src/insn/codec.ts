import { anArray, anObject, aUint8Array } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import type { Instruction } from "./instruction.ts";

const SLOT_SIZE = 8;

/** One element a slot, also for the two slots of a 64-bit immediate load. Any bytes decode; nothing is judged here. */
export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  aUint8Array(bytes, "The bytes of decodeInstructions()");
  if (bytes.length % SLOT_SIZE !== 0) {
    throw new EbpfError("BAD_INSTRUCTION", `Cannot decode instructions: ${bytes.length} bytes are not a multiple of 8`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / SLOT_SIZE }, (_, slot) => decodeSlot(view, slot * SLOT_SIZE));
}

function decodeSlot(view: DataView, at: number): Instruction {
  const registers = view.getUint8(at + 1);
  return {
    opcode: view.getUint8(at),
    dst: registers & 0xf,
    src: registers >> 4,
    offset: view.getInt16(at + 2, true),
    imm: view.getInt32(at + 4, true),
  };
}

/** The bytes that the kernel takes. A field that is out of its range is refused rather than cut off. */
export function encodeInstructions(instructions: readonly Instruction[]): Uint8Array {
  anArray(instructions, "The instructions of encodeInstructions()");
  const bytes = new Uint8Array(instructions.length * SLOT_SIZE);
  const view = new DataView(bytes.buffer);
  instructions.forEach((instruction, slot) => {
    checkFields(instruction, slot);
    const at = slot * SLOT_SIZE;
    view.setUint8(at, instruction.opcode);
    view.setUint8(at + 1, instruction.dst | (instruction.src << 4));
    view.setInt16(at + 2, instruction.offset, true);
    view.setInt32(at + 4, instruction.imm, true);
  });
  return bytes;
}

function checkFields(instruction: Instruction, slot: number): void {
  if (typeof instruction !== "object" || instruction === null) anObject(instruction, `Instruction ${slot}`);
  check(instruction.opcode, 0, 0xff, "opcode", slot);
  check(instruction.dst, 0, 0xf, "dst", slot);
  check(instruction.src, 0, 0xf, "src", slot);
  check(instruction.offset, -0x8000, 0x7fff, "offset", slot);
  check(instruction.imm, -0x8000_0000, 0x7fff_ffff, "imm", slot);
}

function check(value: number, low: number, high: number, field: string, slot: number): void {
  if (Number.isInteger(value) && value >= low && value <= high) return;
  throw new EbpfError(
    "BAD_INSTRUCTION",
    `Cannot encode instruction ${slot}: ${field} is ${value} and must be ${low} to ${high}`,
  );
}
