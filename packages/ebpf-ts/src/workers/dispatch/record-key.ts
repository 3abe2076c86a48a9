import type { Btf, BtfComposite, BtfMember } from "../../btf/types.ts";
import { type Checks, checkOptions } from "../../base/check-options.ts";
import { aCount, integer } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import type { RingRecordType } from "../../map/record-type.ts";

/** A piece of a record, in bytes from its start. */
export interface RecordBytes {
  readonly offset: number;
  readonly size: number;
}

const checks: Checks<RecordBytes> = { offset: aCount, size: integer(1, 2 ** 30) };

/** Which bytes of a record are its key. */
export function keyBytes(key: string | RecordBytes, type: RingRecordType | undefined): RecordBytes {
  if (typeof key === "string") return fieldBytes(key, type);
  const { offset, size } = key;
  checkOptions(key, checks, "a key");
  if (offset === undefined || size === undefined) throw new TypeError("A key of bytes must have an offset and a size");
  return { offset, size };
}

/**
 * Which of `workers` handles the record: always the same one for the same bytes (FNV-1a). Where the record is too short, those of
 * the bytes that it has count.
 */
export function workerOf(data: Uint8Array, start: number, length: number, key: RecordBytes, workers: number): number {
  let hash = 0x811c9dc5;
  const end = start + Math.min(length, key.offset + key.size);
  for (let at = start + key.offset; at < end; at += 1) hash = Math.imul(hash ^ data[at]!, 0x01000193);
  // The low bits alone would depend on few of the key's.
  hash ^= hash >>> 15;
  return (hash >>> 0) % workers;
}

function fieldBytes(path: string, type: RingRecordType | undefined): RecordBytes {
  if (type === undefined || type.id === 0) {
    throw new EbpfError(
      "NOT_FOUND",
      `Cannot take field ${path} as key: the type of the records is not known, give { offset, size }`,
    );
  }
  const { btf } = type;
  let id = type.id;
  let bits = 0;
  for (const name of path.split(".")) {
    const found = findMember(btf, id, name);
    if (found === undefined || found.member.bitSize !== 0) {
      const problem =
        found === undefined ? "has no such field" : "has it as a bitfield, name another or give { offset, size }";
      throw new EbpfError("NOT_FOUND", `Cannot take field ${path} as key: ${btf.nameOf(type.id)} ${problem}`);
    }
    bits += found.bits;
    id = found.member.type;
  }
  return { offset: bits / 8, size: btf.sizeOf(id) };
}

/** Also in anonymous structs and unions, whose members are the parent's. BTF that was parsed has no cycles. */
function findMember(btf: Btf, id: number, name: string): { member: BtfMember; bits: number } | undefined {
  const type = btf.resolve(id);
  if (type.kind !== "struct" && type.kind !== "union") return undefined;
  for (const member of (type as BtfComposite).members) {
    if (member.name === name) return { member, bits: member.bitOffset };
    if (member.name !== "") continue;
    const inner = findMember(btf, member.type, name);
    if (inner !== undefined) return { member: inner.member, bits: member.bitOffset + inner.bits };
  }
  return undefined;
}
