/** rtnetlink(7), of the network namespace that this thread is in: one request, and all that the kernel says to it. */
import { addressOf, errno, func } from "../ffi/libc.ts";
import { Descriptor } from "../ffi/descriptor.ts";
import { readValues } from "../../uapi/values.ts";
import { NetlinkError } from "../../uapi/structs.gen.ts";
import { Errno } from "../../uapi/errno.ts";
import { NetlinkAttr, NetlinkFlag, NetlinkType } from "../../uapi/uapi.gen.ts";
import {
  type Attribute,
  decodeAttributes,
  decodeMessages,
  encodeMessage,
  type NetlinkMessage,
  textOf,
  viewOf,
} from "./netlink-message.ts";

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const SOL_NETLINK = 270;
const NETLINK_EXT_ACK = 11;
const MSG_DONTWAIT = 0x40;
/** More than the kernel sends at once. */
const datagramBytes = 64 * 1024;

export interface NetlinkRequest extends NetlinkMessage {
  readonly attributes?: readonly Attribute[];
}

export interface NetlinkAnswer {
  /** 0, or the negative errno. */
  readonly result: number;
  /** The kernel's own words for it, where it has some (Linux 4.12). */
  readonly why: string | undefined;
  readonly messages: readonly NetlinkMessage[];
}

/** The kernel has answered when the request is sent: nothing here waits. */
export function askNetlink(request: NetlinkRequest): NetlinkAnswer {
  const opened = func("int socket(int family, int type, int protocol)")(AF_NETLINK, SOCK_RAW_CLOEXEC, NETLINK_ROUTE);
  if (opened < 0) return failed(-errno());
  const socket = new Descriptor(opened, "a netlink socket");
  try {
    const one = Uint32Array.of(1);
    func("int setsockopt(int fd, int level, int name, intptr_t value, uint32_t length)")(
      socket.fd,
      SOL_NETLINK,
      NETLINK_EXT_ACK,
      addressOf(one),
      one.byteLength,
    );
    return exchange(socket.fd, request);
  } finally {
    socket.close();
  }
}

function exchange(fd: number, { attributes = [], ...message }: NetlinkRequest): NetlinkAnswer {
  const isDump = (message.flags & NetlinkFlag.DUMP) === NetlinkFlag.DUMP;
  const flags = message.flags | NetlinkFlag.REQUEST | (isDump ? 0 : NetlinkFlag.ACK);
  const bytes = encodeMessage({ ...message, flags }, attributes);
  const send = func("long send(int fd, intptr_t data, size_t size, int flags)");
  if (send(fd, addressOf(bytes), bytes.length, 0) < 0) return failed(-errno());
  const messages: NetlinkMessage[] = [];
  for (;;) {
    const received = receive(fd);
    if (typeof received === "number") return { ...failed(received), messages };
    for (const each of received) {
      if (each.type === NetlinkType.ERROR) return { ...verdict(each), messages };
      if (each.type === NetlinkType.DONE) return { result: 0, why: undefined, messages };
      messages.push(each);
    }
  }
}

function receive(fd: number): NetlinkMessage[] | number {
  const buffer = new Uint8Array(datagramBytes);
  const recv = func("long recv(int fd, intptr_t data, size_t size, int flags)");
  const size = recv(fd, addressOf(buffer), buffer.length, MSG_DONTWAIT);
  if (size < 0) return -errno();
  return size === 0 ? -Errno.EIO : decodeMessages(buffer.subarray(0, size));
}

/** After the error stands the request, whole or its header alone, and then attributes. */
function verdict({ body, flags }: NetlinkMessage): Omit<NetlinkAnswer, "messages"> {
  const { error, msg } = readValues(viewOf(body), 0, NetlinkError.fields);
  if ((flags & NetlinkFlag.ACK_TLVS) === 0) return { result: error, why: undefined };
  const whole =
    (flags & NetlinkFlag.CAPPED) === 0 ? msg.nlmsg_len : NetlinkError.fields.msg.end - NetlinkError.fields.msg.at;
  const attributes = decodeAttributes(body, NetlinkError.fields.msg.at + whole);
  return { result: error, why: textOf(attributes.get(NetlinkAttr.MSG)) };
}

function failed(result: number): NetlinkAnswer {
  return { result, why: undefined, messages: [] };
}
