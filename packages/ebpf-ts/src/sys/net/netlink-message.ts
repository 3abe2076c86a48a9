/** Messages of netlink(7): a header, a struct of the family's, and attributes after one another, each at a multiple of 4 bytes. */
import type { Layout, ValuesFor } from "../../uapi/layout.ts";
import { readValues, writeValues } from "../../uapi/values.ts";
import { NetlinkAttribute, NetlinkHeader } from "../../uapi/structs.gen.ts";
import { NetlinkAttr } from "../../uapi/uapi.gen.ts";

/** A number is 32 bits, a text ends with a NUL, a list holds attributes. */
export type AttributeValue = number | string | readonly Attribute[];
export type Attribute = readonly [type: number, value: AttributeValue];

export interface NetlinkMessage {
  /** NLMSG_*, RTM_* */
  readonly type: number;
  /** NLM_F_* */
  readonly flags: number;
  /** What follows the header: of a request, the family's struct. */
  readonly body: Uint8Array;
}

const aligned = (size: number): number => (size + 3) & ~3;

export function encodeMessage({ type, flags, body }: NetlinkMessage, attributes: readonly Attribute[]): Uint8Array {
  const parts = [body, ...attributes.map(encodeAttribute)];
  const size = parts.reduce<number>((sum, { length }) => sum + aligned(length), NetlinkHeader.size);
  const header = { nlmsg_len: size, nlmsg_type: type, nlmsg_flags: flags, nlmsg_seq: 1 };
  return joined(size, structBytes(NetlinkHeader, header), parts);
}

function encodeAttribute([type, value]: Attribute): Uint8Array {
  const parts = typeof value === "object" ? value.map(encodeAttribute) : [encodeValue(value)];
  const nested = typeof value === "object" ? NetlinkAttr.F_NESTED : 0;
  // The last one's padding does not count.
  const size = parts.reduce<number>((end, { length }) => aligned(end) + length, NetlinkAttribute.size);
  return joined(aligned(size), structBytes(NetlinkAttribute, { nla_len: size, nla_type: type | nested }), parts);
}

function encodeValue(value: number | string): Uint8Array {
  if (typeof value === "string") return new TextEncoder().encode(`${value}\0`);
  return new Uint8Array(Uint32Array.of(value).buffer);
}

function joined(size: number, head: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set(head);
  let at = head.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += aligned(part.length);
  }
  return bytes;
}

/** A struct, as bytes. */
export function structBytes<L extends Layout>(layout: L, values: ValuesFor<L["fields"]>): Uint8Array {
  const bytes = new Uint8Array(layout.size);
  writeValues(new DataView(bytes.buffer), 0, layout.fields, values);
  return bytes;
}

/** All messages of a datagram. */
export function decodeMessages(bytes: Uint8Array): NetlinkMessage[] {
  const messages: NetlinkMessage[] = [];
  for (let at = 0; at + NetlinkHeader.size <= bytes.length;) {
    const { nlmsg_len, nlmsg_type, nlmsg_flags } = readValues(viewOf(bytes), at, NetlinkHeader.fields);
    const end = at + nlmsg_len;
    if (nlmsg_len < NetlinkHeader.size || end > bytes.length) break;
    messages.push({ type: nlmsg_type, flags: nlmsg_flags, body: bytes.subarray(at + NetlinkHeader.size, end) });
    at = aligned(end);
  }
  return messages;
}

/** Attributes by their type, from `at` on. */
export function decodeAttributes(bytes: Uint8Array, at: number): Map<number, Uint8Array> {
  const found = new Map<number, Uint8Array>();
  for (let next = aligned(at); next + NetlinkAttribute.size <= bytes.length;) {
    const { nla_len, nla_type } = readValues(viewOf(bytes), next, NetlinkAttribute.fields);
    const end = next + nla_len;
    if (nla_len < NetlinkAttribute.size || end > bytes.length) break;
    found.set(nla_type & NetlinkAttr.TYPE_MASK, bytes.subarray(next + NetlinkAttribute.size, end));
    next = aligned(end);
  }
  return found;
}

/** Of an attribute that is a number; undefined where it is missing, or too short. */
export function numberOf(attribute: Uint8Array | undefined): number | undefined {
  return attribute === undefined || attribute.length < 4 ? undefined : viewOf(attribute).getUint32(0, true);
}

export function textOf(attribute: Uint8Array | undefined): string | undefined {
  return attribute === undefined ? undefined : new TextDecoder().decode(attribute).replace(/\0.*$/s, "");
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
