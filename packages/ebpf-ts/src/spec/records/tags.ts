import type { Btf } from "../../btf/types.ts";
import { CALL, CallKind } from "../../insn/opcodes.ts";
import { HelperId } from "../../uapi/uapi.gen.ts";
import type { RecordTag } from "./found-record.ts";
import { isConstant, isSame, moved, type Value } from "./flow/values.ts";
import type { RecordPath, View } from "./views.ts";

interface Field {
  readonly offset: number;
  readonly size: number;
}

/** Fields that are looked at: a tag stands at the start. */
const mostFields = 16;

/**
 * The first field that all types have at one place, and in which each way of making a record leaves constants that no other type has;
 * undefined when there is none. Gives a tag for each type, in order.
 */
export function findTags(
  btf: Btf,
  variants: readonly { readonly type: number; readonly paths: readonly RecordPath[] }[],
): RecordTag[] | undefined {
  const [first, ...others] = variants;
  if (first === undefined) return undefined;
  const inAll = others.map(({ type }) => new Set(fieldsOf(btf, type).map(({ offset, size }) => `${offset}:${size}`)));
  for (const field of fieldsOf(btf, first.type)) {
    if (!inAll.every((fields) => fields.has(`${field.offset}:${field.size}`))) continue;
    const values = variants.map(({ paths }) => constantsAt(paths, field));
    const all = values.flatMap((each) => each ?? []);
    if (values.includes(undefined) || new Set(all).size !== all.length) continue;
    return values.map((each) => ({ ...field, values: each! }));
  }
  return undefined;
}

/** Numbers, also those in structs at its start. */
function fieldsOf(btf: Btf, type: number): Field[] {
  const fields: Field[] = [];
  const visit = (id: number, offset: number, depth: number): void => {
    if (depth > 8 || fields.length >= mostFields) return;
    const resolved = btf.resolve(id);
    if (resolved.kind === "struct") {
      for (const member of resolved.members) {
        if (member.bitSize === 0) visit(member.type, offset + member.bitOffset / 8, depth + 1);
      }
    } else if ((resolved.kind === "int" || resolved.kind === "enum") && [1, 2, 4, 8].includes(resolved.size)) {
      fields.push({ offset, size: resolved.size });
    }
  };
  visit(type, 0, 0);
  return fields;
}

/** What may stand there in the end; undefined when that cannot be told. */
function constantsAt(paths: readonly RecordPath[], field: Field): number[] | undefined {
  const found = new Set<number>();
  for (const { views } of paths) {
    const constants = views.map((view) => constantsIn(view, field)).find((each) => each !== undefined);
    if (constants === undefined) return undefined;
    for (const each of constants) found.add(each);
  }
  return [...found];
}

function constantsIn({ fn, slot, data, isReserved }: View, { offset, size }: Field): number[] | undefined {
  if (data === undefined) return undefined;
  const slots = isReserved ? submits(fn.spec.instructions, (at) => fn.valueBefore(at, 1), data) : [slot];
  if (slots.length === 0) return undefined;
  const found: number[] = [];
  for (const at of slots) {
    const value = fn.flow.before.get(at)?.memory.load(moved(data, offset), size);
    if (!isConstant(value)) return undefined;
    const unsigned = Number(BigInt.asUintN(size * 8, BigInt(value.offset)));
    if (!Number.isSafeInteger(unsigned)) return undefined;
    found.push(unsigned);
  }
  return found;
}

/** Calls that submit what was reserved. */
function submits(
  code: View["fn"]["spec"]["instructions"],
  argumentAt: (slot: number) => Value | undefined,
  data: Value,
): number[] {
  return code.flatMap(({ opcode, src, imm }, slot) =>
    opcode === CALL && src === CallKind.HELPER && imm === HelperId.ringbuf_submit && isSame(argumentAt(slot), data)
      ? [slot]
      : [],
  );
}
