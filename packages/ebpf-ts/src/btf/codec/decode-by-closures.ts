import type { Reader } from "./reader.ts";
import type { ArrayPlan, Plan, ScalarPlan, StructPlan } from "./plan.ts";
import {
  read128,
  readBigBits,
  readBits,
  readBool,
  readBytes,
  readFloat,
  readName,
  readTail,
  readText,
  truth,
} from "./read-values.ts";

/** The plan as functions that call each other: where code must not be generated, and what generated code is held against. */
export function closeOverReader(plan: Plan): Reader {
  return reader(plan, new Map());
}

function reader(plan: Plan, structs: Map<StructPlan, Reader>): Reader {
  switch (plan.op) {
    case "text":
      return plan.tail ? (view, at, end) => readTail(view, at, end - at) : (view, at) => readText(view, at, plan.size);
    case "bytes":
      return plan.tail
        ? (view, at, end) => readBytes(view, at, end - at)
        : (view, at) => readBytes(view, at, plan.size);
    case "enum": {
      const read = scalar(plan.of);
      return (view, at, end) => readName(plan.names, read(view, at, end));
    }
    case "array":
      return array(plan, reader(plan.element, structs));
    case "struct": {
      const known = structs.get(plan) ?? struct(plan, structs);
      structs.set(plan, known);
      return known;
    }
    default:
      return scalar(plan);
  }
}

function scalar(plan: ScalarPlan): Reader {
  switch (plan.op) {
    case "int":
      return integer(plan.size, plan.signed);
    case "big":
      if (plan.size === 16) return (view, at) => read128(view, at, plan.signed);
      return plan.signed ? (view, at) => view.getBigInt64(at, true) : (view, at) => view.getBigUint64(at, true);
    case "bool":
      return (view, at) => readBool(view, at, plan.size);
    case "float":
      return (view, at) => readFloat(view, at, plan.size);
    case "bits": {
      const { shift, width, signed, bool } = plan;
      if (width > 32) return (view, at) => readBigBits(view, at, shift, width, signed);
      if (bool) return (view, at) => truth(readBits(view, at, shift, width, false));
      return (view, at) => readBits(view, at, shift, width, signed);
    }
  }
}

function integer(size: 1 | 2 | 4, signed: boolean): Reader {
  if (size === 1) return signed ? (view, at) => view.getInt8(at) : (view, at) => view.getUint8(at);
  if (size === 2) return signed ? (view, at) => view.getInt16(at, true) : (view, at) => view.getUint16(at, true);
  return signed ? (view, at) => view.getInt32(at, true) : (view, at) => view.getUint32(at, true);
}

function array(plan: ArrayPlan, element: Reader): Reader {
  const { stride, length, tail } = plan;
  return (view, at, end) => {
    const values: unknown[] = [];
    const count = tail ? elementsIn(end - at, stride) : length;
    for (let i = 0; i < count; i++) values.push(element(view, at + i * stride, end));
    return values;
  };
}

/** Of a flexible array; empty elements are none. */
export function elementsIn(bytes: number, stride: number): number {
  return stride === 0 ? 0 : Math.floor(bytes / stride);
}

function struct(plan: StructPlan, structs: Map<StructPlan, Reader>): Reader {
  const fields = plan.fields.map((field) => ({ ...field, read: reader(field.plan, structs) }));
  return (view, at, end) => {
    const value: Record<string, unknown> = {};
    for (const { name, offset, read } of fields) {
      const member = read(view, at + offset, end);
      // Assigning `__proto__` would set the prototype.
      if (name === "__proto__")
        Object.defineProperty(value, name, { value: member, writable: true, enumerable: true, configurable: true });
      else value[name] = member;
    }
    return value;
  };
}
