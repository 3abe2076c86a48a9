import { closeOverReader } from "../btf/codec/decode-by-closures.ts";
import { decoderOf } from "../btf/codec/decoder.ts";
import { closeOverPart, closeOverWriter } from "../btf/codec/encode-by-closures.ts";
import { encoderOf } from "../btf/codec/encoder.ts";
import { hasHoles } from "../btf/codec/holes.ts";
import { makePlan } from "../btf/codec/make-plan.ts";
import type { ArrayPlan, Plan, StructPlan } from "../btf/codec/plan.ts";
import type { Btf } from "../btf/types.ts";
import { EbpfError } from "../base/errors.ts";
import { withPadding } from "./value-codec.ts";
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
        return {
          kind: "scalar",
          size: plan.size,
          format: plan.size === 4 ? "f32" : "f64",
          readNaN: this.#copy(plan).read,
        };
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
    const read = closeOverReader(plan);
    const readMember = (view: DataView, at: number): unknown => read(view, at, at + plan.size);
    // What is left of the array behind a text or bytes is zeroed, as the encoder does. A bool may be given as its bytes.
    if (plan.op === "text" || plan.op === "bytes" || plan.op === "bool")
      return { kind: "leaf", ...copy, readMember, write: (view, at, value) => put(view, at, copy.encode(value)) };
    const write = closeOverPart(plan);
    return {
      kind: "leaf",
      ...copy,
      readMember,
      write: (view, at, value) => {
        copy.encode(value); // throws when it does not fit
        write(view, at, value, this.#name);
      },
    };
  }

  #copy(plan: Plan): CopyShape {
    const { size } = plan;
    const decoder = decoderOf(plan, closeOverReader(plan), this.#name);
    const encoder = encoderOf(plan, closeOverWriter(plan), this.#name);
    const encode = (value: unknown): Uint8Array => {
      const length = encoder.sizeFor(value);
      if (length > size)
        throw new EbpfError(
          "BAD_VALUE",
          `Cannot encode ${this.#name}: it has ${size} bytes, and the value takes ${length}`,
        );
      const bytes = new Uint8Array(size);
      encoder.encode(value, new DataView(bytes.buffer), 0);
      return bytes;
    };
    const padded = withPadding(decoder, encode);
    let isPadded: boolean | undefined;
    const read = (view: DataView, at: number): unknown => {
      isPadded ??= hasHoles(plan);
      if (!isPadded) return decoder.decode(view, at, size);
      // A copy first, since programs may write meanwhile.
      return padded(new Uint8Array(view.buffer, view.byteOffset + at, size).slice());
    };
    return { size, read, encode };
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
  const read = (view: DataView, at: number): Uint8Array =>
    new Uint8Array(view.buffer, view.byteOffset + at, size).slice();
  return {
    kind: "leaf",
    size,
    read,
    readMember: read,
    encode,
    write: (view, at, value) => put(view, at, encode(value)),
  };
}

function put(view: DataView, at: number, bytes: Uint8Array): void {
  new Uint8Array(view.buffer, view.byteOffset + at, bytes.length).set(bytes);
}
