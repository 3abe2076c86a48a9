import type { ReuseportTarget } from "../../../../../attach/targets/net/reuseport.ts";
import { SocketOption } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { attachToSocket } from "../../net/socket-option.ts";

export const attachReuseport: Attach<ReuseportTarget> = async (request) => {
  const { ATTACH_REUSEPORT_EBPF: attach, DETACH_REUSEPORT_BPF: detach } = SocketOption;
  const invalid = "the socket is in no such group: set SO_REUSEPORT before it is bound";
  return { parts: [attachToSocket(request, { fd: request.target.fd, attach, detach, invalid })] };
};
