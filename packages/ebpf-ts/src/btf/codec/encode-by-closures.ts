import type { PartWriter, Writer } from "./writer.ts";
import { failureUnder } from "./encode-failure.ts";
import { refuseNoMembers } from "./given-members.ts";
import { isInherited } from "./plan.ts";
import type { ArrayPlan, Plan, ScalarPlan, StructPlan } from "./plan.ts";
import {
  checkKeys,
  checkObject,
  countOf,
  elementsOf,
  enumValue,
  ownMember,
  write128,
  write64,
  writeBigBits,
  writeBits,
  writeBool,
  writeBoolBits,
  writeBytes,
  writeFloat,
  writeI16,
  writeI32,
  writeI8,
  writeText,
  writeU16,
  writeU32,
  writeU8,
  zero,
} from "./write-values.ts";

/** The twin of `closeOverReader`. */
export function closeOverWriter(plan: Plan): Writer {
  const write = closeOverPart(plan);
  return (view, at, value, name, size) => {
    zero(view, at, size);
    write(view, at, value, name);
  };
}

/** Without clearing anything: for a value that stands in memory already, beside others. */
export function closeOverPart(plan: Plan): PartWriter {
  return writer(plan, new Map());
}

function writer(plan: Plan, structs: Map<StructPlan, PartWriter>): PartWriter {
  switch (plan.op) {
    case "text":
    case "bytes": {
      const write = plan.op === "text" ? writeText : writeBytes;
      const room = plan.tail ? Infinity : plan.size;
      return (view, at, value, name) => write(view, at, value, room, name);
    }
    case "enum": {
      const write = scalar(plan.of);
      return (view, at, value, name) => write(view, at, enumValue(plan.values, value, name), name);
    }
    case "array":
      return array(plan, writer(plan.element, structs));
    case "struct": {
      const known = structs.get(plan) ?? struct(plan, structs);
      structs.set(plan, known);
      return known;
    }
    default:
      return scalar(plan);
  }
}

function scalar(plan: ScalarPlan): PartWriter {
  switch (plan.op) {
    case "int":
      return integers[plan.signed ? "signed" : "unsigned"][plan.size];
    case "big": {
      const write = plan.size === 8 ? write64 : write128;
      return (view, at, value, name) => write(view, at, value, plan.signed, name);
    }
    case "bool":
      return (view, at, value, name) => writeBool(view, at, value, plan.size, name);
    case "float":
      return (view, at, value, name) => writeFloat(view, at, value, plan.size, name);
    case "bits": {
      const { shift, width, signed, bool } = plan;
      if (width > 32) return (view, at, value, name) => writeBigBits(view, at, value, shift, width, signed, name);
      if (bool) return (view, at, value, name) => writeBoolBits(view, at, value, shift, width, name);
      return (view, at, value, name) => writeBits(view, at, value, shift, width, signed, name);
    }
  }
}

const integers = {
  signed: { 1: writeI8, 2: writeI16, 4: writeI32 },
  unsigned: { 1: writeU8, 2: writeU16, 4: writeU32 },
} as const;

function array(plan: ArrayPlan, write: PartWriter): PartWriter {
  const most = plan.tail ? Infinity : plan.length;
  return (view, at, value, name) => {
    const elements = elementsOf(value, name);
    const count = countOf(elements, most, name);
    try {
      for (let i = 0; i < count; i++) write(view, at + i * plan.stride, elements[i], i);
    } catch (failure) {
      throw failureUnder(failure, name);
    }
  };
}

function struct(plan: StructPlan, structs: Map<StructPlan, PartWriter>): PartWriter {
  const names = new Set(plan.fields.map((field) => field.name));
  const fields = plan.fields.map((field) => ({
    ...field,
    inherited: isInherited(field.name),
    write: writer(field.plan, structs),
  }));
  return (view, at, value, name) => {
    checkObject(value, name);
    let given = 0;
    try {
      for (const field of fields) {
        const member = field.inherited ? ownMember(value, field.name) : value[field.name];
        if (member === undefined) continue;
        given += 1;
        field.write(view, at + field.offset, member, field.name);
      }
    } catch (failure) {
      throw failureUnder(failure, name);
    }
    if (given !== fields.length) checkKeys(value, given, names, name);
    if (given === 0) refuseNoMembers(value, names, name);
  };
}
