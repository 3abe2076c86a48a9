import { ImmKind, LD_IMM64 } from "../../../insn/opcodes.ts";
import type { MachineProgramImage } from "./image.ts";
import { functionAddress } from "./map-handle.ts";

/** A program's machine code, decoded once into one array a field, all by slot. */
export class MachineProgram {
  readonly image: MachineProgramImage;
  readonly index: number;
  readonly opcodes: Uint8Array;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly offsets: Int16Array;
  readonly imms: Int32Array;
  /** Immediates as 64-bit operands: sign-extended, or the whole value of a two-slot load. */
  readonly imms64: BigUint64Array;
  readonly simms64: BigInt64Array;
  readonly #functionSlots: ReadonlySet<number>;

  constructor(image: MachineProgramImage, index: number) {
    const slots = image.code.length / 8;
    const view = new DataView(image.code.buffer, image.code.byteOffset, image.code.byteLength);
    this.image = image;
    this.index = index;
    this.opcodes = new Uint8Array(slots);
    this.dst = new Uint8Array(slots);
    this.src = new Uint8Array(slots);
    this.offsets = new Int16Array(slots);
    this.imms = new Int32Array(slots);
    this.simms64 = new BigInt64Array(slots);
    this.imms64 = new BigUint64Array(this.simms64.buffer);
    for (let slot = 0; slot < slots; slot++) {
      const at = slot * 8;
      const imm = view.getInt32(at + 4, true);
      this.opcodes[slot] = view.getUint8(at);
      this.dst[slot] = view.getUint8(at + 1) & 15;
      this.src[slot] = view.getUint8(at + 1) >> 4;
      this.offsets[slot] = view.getInt16(at + 2, true);
      this.imms[slot] = imm;
      this.simms64[slot] = BigInt(imm);
    }
    this.#functionSlots = new Set(image.functions.map((entry) => entry.slot));
    for (let slot = 0; slot < slots; slot++) {
      if (this.opcodes[slot] === LD_IMM64) this.#joinImmediate(slot++);
    }
  }

  isFunction(slot: number): boolean {
    return this.#functionSlots.has(slot);
  }

  /** `file:line: text` of the C line that a slot was compiled from. */
  sourceOf(slot: number): string | undefined {
    let found: MachineProgramImage["lines"][number] | undefined;
    for (const line of this.image.lines) {
      if (line.slot > slot) break;
      found = line;
    }
    return found === undefined ? undefined : `${found.file}:${found.line}: ${found.text.trim()}`;
  }

  /** How messages name a slot. */
  placeOf(slot: number): string {
    const source = this.sourceOf(slot);
    return source === undefined ? `instruction ${slot}` : `instruction ${slot} (${source})`;
  }

  #joinImmediate(slot: number): void {
    if (this.src[slot] === ImmKind.FUNC) {
      this.imms64[slot] = functionAddress(this.index, slot + 1 + this.imms[slot]!);
    } else {
      this.imms64[slot] = (BigInt(this.imms[slot + 1]! >>> 0) << 32n) | BigInt(this.imms[slot]! >>> 0);
    }
  }
}
