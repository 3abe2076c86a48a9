import { closeOverReader } from "../btf/codec/decode-by-closures.ts";
import { decoderOf } from "../btf/codec/decoder.ts";
import { closeOverPart, closeOverWriter } from "../btf/codec/encode-by-closures.ts";
import { encoderOf } from "../btf/codec/encoder.ts";
import { makePlan } from "../btf/codec/make-plan.ts";
import type { ArrayPlan, Plan, StructPlan } from "../btf/codec/plan.ts";
import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import type { CopyShape, LeafShape, Shape } from "../memory/shape.ts";

/** How the values of a type stand in memory, for live views. A type that is not told (id 0) is so many bytes. */
export function memoryShape(btf: Btf | undefined, type: number, size: number, name: string): Shape {
  if (btf === undefined || type === 0) return bytesShape(size, name);
  const shape = new ShapeMaker(name).make(makePlan(btf, type));
  if (shape.size <= size) return shape;
  throw new EbpfError("BAD_OBJECT", `Cannot view ${name}: its type has ${shape.size} bytes, and it has ${size}`);
}

class ShapeMaker {
  readonly #name: string;
  /** A struct that stands in several places is one shape, and so one class of views. */
  readonly #known = new Map<Plan, Shape>();

  constructor(name: string) {
    this.#name = name;
  }

  make(plan: Plan): Shape {
    const known = this.#known.get(plan) ?? this.#makeNew(plan);
    this.#known.set(plan, known);
    return known;
  }

  #makeNew(plan: Plan): Shape {
    switch (plan.op) {
      case "int":
        return {
          kind: "scalar",
          size: plan.size,
          format: `${plan.signed ? "i" : "u"}${(plan.size * 8) as 8 | 16 | 32}`,
        };
      case "float":
        return { kind: "scalar", size: plan.size, format: plan.size === 4 ? "f32" : "f64" };
      case "big":
        return plan.size === 8 ? { kind: "scalar", size: 8, format: plan.signed ? "i64" : "u64" } : this.#leaf(plan);
      case "array":
        return this.#array(plan);
      case "struct":
        return this.#struct(plan);
      default:
        return this.#leaf(plan);
    }
  }

  /** A flexible array has no elements here: a value in a map is as long as its type. */
  #array(plan: ArrayPlan): Shape {
    return {
      kind: "array",
      ...this.#copy(plan),
      length: plan.length,
      stride: plan.stride,
      element: this.make(plan.element),
    };
  }

  #struct(plan: StructPlan): Shape {
    const fields = plan.fields.map(({ name, offset, plan: member }) => ({ name, offset, shape: this.make(member) }));
    return { kind: "struct", ...this.#copy(plan), name: plan.name, fields, views: {} };
  }

  #leaf(plan: Plan): LeafShape {
    const copy = this.#copy(plan);
    // Texts and bytes: what is left of the array is zeroed, as the encoder does.
    if (plan.op === "text" || plan.op === "bytes")
      return { kind: "leaf", ...copy, write: (view, at, value) => put(view, at, copy.encode(value)) };
    const write = closeOverPart(plan);
    return {
      kind: "leaf",
      ...copy,
      write: (view, at, value) => {
        copy.encode(value); // throws when it does not fit
        write(view, at, value, this.#name);
      },
    };
  }

  #copy(plan: Plan): CopyShape {
    const { size } = plan;
    // A text that stands by itself is shown as one, whatever stands behind its NUL: the memory is still there.
    const whole = plan.op === "struct" || plan.op === "array";
    const read = whole ? decoderOf(plan, closeOverReader(plan), this.#name).decode : closeOverReader(plan);
    const encoder = encoderOf(plan, closeOverWriter(plan), this.#name);
    return {
      size,
      read: whole ? (view, at) => read(view, at, size) : (view, at) => read(view, at, at + size),
      encode: (value) => {
        const length = encoder.sizeFor(value);
        if (length > size)
          throw new EbpfError(
            "BAD_VALUE",
            `Cannot encode ${this.#name}: it has ${size} bytes, and the value takes ${length}`,
          );
        const bytes = new Uint8Array(size);
        encoder.encode(value, new DataView(bytes.buffer), 0);
        return bytes;
      },
    };
  }
}

function bytesShape(size: number, name: string): LeafShape {
  const encode = (value: unknown): Uint8Array => {
    if (value instanceof Uint8Array && value.length === size) return value;
    throw new EbpfError(
      "BAD_VALUE",
      `Cannot encode ${name}: it has no BTF type, so it takes a Uint8Array of ${size} bytes`,
    );
  };
  return {
    kind: "leaf",
    size,
    read: (view, at) => new Uint8Array(view.buffer, view.byteOffset + at, size).slice(),
    encode,
    write: (view, at, value) => put(view, at, encode(value)),
  };
}

function put(view: DataView, at: number, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
}
