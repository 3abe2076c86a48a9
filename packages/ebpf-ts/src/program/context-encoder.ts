import { EbpfError, ValueError } from "../base/errors.ts";
import { type Encoder, makeEncoder } from "../btf/codec/encoder.ts";
import type { RunOptions } from "../engine/program.ts";
import { contextTypeOf } from "../spec/context-type.ts";
import type { CollectionSpec, ProgramSpec } from "../spec/types.ts";

/** Contexts of one program, as bytes. */
export class ContextEncoder {
  readonly #spec: CollectionSpec;
  readonly #program: ProgramSpec;
  #encoder: Encoder | undefined;

  constructor(spec: CollectionSpec, program: ProgramSpec) {
    this.#spec = spec;
    this.#program = program;
  }

  /** What is no value of a struct is for others to check. */
  encoded(options: RunOptions<unknown>): RunOptions {
    const context = isOptions(options) ? options.context : undefined;
    const encoder = isStruct(context) ? this.#open() : undefined;
    return encoder === undefined ? (options as RunOptions) : { ...options, context: this.#encode(encoder, context) };
  }

  #encode(encoder: Encoder, context: unknown): Uint8Array {
    try {
      const bytes = new Uint8Array(encoder.sizeFor(context));
      encoder.encode(context, new DataView(bytes.buffer), 0);
      return bytes;
    } catch (error) {
      if (!(error instanceof EbpfError) || error.code !== "BAD_VALUE") throw error;
      throw new ValueError(`Cannot run program ${this.#program.name}`, { program: this.#program.name }, error);
    }
  }

  #open(): Encoder | undefined {
    const { btf } = this.#spec;
    const type = contextTypeOf(this.#spec, this.#program);
    if (btf === undefined || type === 0) return undefined;
    this.#encoder ??= makeEncoder(btf, type);
    return this.#encoder;
  }
}

/** Whatever else there is, an array or a buffer, is meant for bytes. */
function isStruct(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isOptions(options: unknown): options is RunOptions<unknown> {
  return typeof options === "object" && options !== null;
}
