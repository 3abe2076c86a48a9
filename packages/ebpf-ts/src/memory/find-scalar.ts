import { badIndex } from "../base/bad-index.ts";
import { aString } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import type { ScalarFormat } from "./scalar-format.ts";
import type { Shape } from "./shape.ts";

/** A way into a value: names of members, and indices of arrays. */
export type MemberPath = readonly (string | number)[];

export interface FoundScalar {
  readonly offset: number;
  readonly format: ScalarFormat;
}

/** The number that a path leads to. */
export function findScalar(shape: Shape, path: MemberPath, name: string): FoundScalar {
  let at = shape;
  let offset = 0;
  for (const step of path) {
    const inner = typeof step === "number" ? element(at, step, name) : member(at, step, name);
    offset += inner.offset;
    at = inner.shape;
  }
  if (at.kind === "scalar") return { offset, format: at.format };
  const what =
    at.kind === "leaf" ? "no plain number" : `${at.kind === "array" ? "an array" : "a struct"}, name a member of it`;
  throw new TypeError(
    `Cannot take ${path.length === 0 ? "" : `${path.join(".")} of `}${name} as a number: it is ${what}`,
  );
}

function member(shape: Shape, step: string, name: string): { offset: number; shape: Shape } {
  aString(step, `A member of ${name}`);
  const fields = shape.kind === "struct" ? shape.fields : [];
  const found = fields.find((field) => field.name === step);
  if (found !== undefined) return found;
  const known = fields.map((field) => field.name).join(", ") || "none";
  throw new EbpfError("NOT_FOUND", `Cannot find member ${step} of ${name}: there are ${known}`);
}

function element(shape: Shape, index: number, name: string): { offset: number; shape: Shape } {
  if (shape.kind !== "array") throw new TypeError(`Cannot take element ${index} of ${name}: there is no array`);
  if (Number.isInteger(index) && index >= 0 && index < shape.length)
    return { offset: index * shape.stride, shape: shape.element };
  throw badIndex(index, shape.length, name);
}
