import { EbpfError } from "../../base/errors.ts";
import { aBtf, aTypeId } from "../checks/a-btf.ts";
import type { Btf } from "../types.ts";
import { canGenerate } from "./can-generate.ts";
import { closeOverWriter } from "./encode-by-closures.ts";
import { closeOverReader } from "./decode-by-closures.ts";
import { generateWriter } from "./encode-by-code.ts";
import { EncodeFailure } from "./encode-failure.ts";
import { keeping, keptBytes, sameValue } from "./kept-bytes.ts";
import { makePlan } from "./make-plan.ts";
import { measure } from "./measure.ts";
import { isOpen } from "./plan.ts";
import type { Plan } from "./plan.ts";
import type { Reader } from "./reader.ts";
import type { Writer } from "./writer.ts";

/**
 * The way back of a {@link Decoder}, and a little more lenient: missing members and elements are zero, 64-bit integers may
 * be safe numbers, enums may be numbers, texts and bytes may be a `Uint8Array`. A member that the type has not is refused where one of the
 * type's is missing, which it may be meant for; beside all of them it is left out. A union takes the members that are given. An object
 * has one member of its type at least: an empty one, or a promise that nobody awaited, would be a record of zeros. What was decoded, and
 * not changed, becomes the bytes that it was decoded from.
 */
export interface Encoder {
  /** Bytes of the type; a flexible array at its end counts nothing. */
  readonly size: number;
  /** Whether values differ in length, since the type has a flexible array at its end. */
  readonly isOpen: boolean;
  /** Bytes that this value takes: more than `size` only with a flexible array. */
  sizeFor(value: unknown): number;
  /**
   * Writes all bytes of the value, padding as zeros. Throws `EbpfError` BAD_VALUE, with the path of the member that does
   * not fit; what stands in the view then is undefined. `size` is what {@link sizeFor} gave: nothing is written beyond it, also where the value has
   * become longer since.
   */
  encode(value: unknown, view: DataView, offset: number, size?: number): void;
}

/** Makes an encoder for a type; made once, then called per value. */
export function makeEncoder(btf: Btf, typeId: number): Encoder {
  aBtf(btf, "The types of makeEncoder()");
  aTypeId(typeId, "The type of makeEncoder()");
  const plan = makePlan(btf, typeId);
  const writer = canGenerate() ? generateWriter(plan) : closeOverWriter(plan);
  return encoderOf(plan, writer, rootName(btf, typeId));
}

/** `struct sample` is `sample` in a path. */
function rootName(btf: Btf, typeId: number): string {
  const type = btf.type(typeId);
  return "name" in type && type.name !== "" ? type.name : btf.nameOf(typeId);
}

export function encoderOf(plan: Plan, writer: Writer, root: string): Encoder {
  const { size } = plan;
  const open = isOpen(plan);
  const known = new KnownBytes(plan);
  const sizeFor = (value: unknown): number => (open ? (known.of(value)?.length ?? measure(plan, value)) : size);
  /** In a view of its own, which ends where the value ended when it was measured: a getter may say more when it is asked again. */
  const writeOpen = (value: unknown, view: DataView, offset: number, measured: number): void => {
    try {
      writer(new DataView(view.buffer, view.byteOffset + offset, measured), 0, value, root, measured);
    } catch (error) {
      if (!(error instanceof RangeError) || sizeFor(value) <= measured) throw error;
      throw new EncodeFailure(root, `it took ${measured} bytes when it was measured, and takes more now`);
    }
  };
  return {
    size,
    isOpen: open,
    sizeFor,
    encode(value, view, offset, given) {
      const bytes = known.alone || keeping.any ? known.of(value) : undefined;
      if (bytes !== undefined && (given === undefined || bytes.length === given)) {
        new Uint8Array(view.buffer, view.byteOffset + offset, bytes.length).set(bytes);
        return;
      }
      try {
        if (open) writeOpen(value, view, offset, given ?? sizeFor(value));
        else writer(view, offset, value, root, size);
      } catch (failure) {
        throw failure instanceof EncodeFailure ? asError(failure) : failure;
      }
    },
  };
}

/** Bytes of values that were decoded, and say the same as then. */
class KnownBytes {
  readonly #plan: Plan;
  /** Whether values are bytes themselves where they say less than those. */
  readonly alone: boolean;
  #reader: Reader | undefined;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.alone = plan.op === "bool" || plan.op === "float";
  }

  of(value: unknown): Uint8Array | undefined {
    const { size } = this.#plan;
    if (this.alone) return value instanceof Uint8Array && value.length === size ? value : undefined;
    const bytes = keptBytes(value);
    if (bytes === undefined || (isOpen(this.#plan) ? bytes.length < size : bytes.length !== size)) return undefined;
    this.#reader ??= closeOverReader(this.#plan);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return sameValue(value, this.#reader(view, 0, bytes.length)) ? bytes : undefined;
  }
}

function asError(failure: EncodeFailure): EbpfError {
  const path = failure.path
    .reverse()
    .map((step, index) => (typeof step === "number" ? `[${step}]` : index === 0 ? step : `.${step}`));
  return new EbpfError("BAD_VALUE", `Cannot encode ${path.join("")}: ${failure.message}`);
}
