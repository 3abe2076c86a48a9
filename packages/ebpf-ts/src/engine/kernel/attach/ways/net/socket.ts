import type { SocketTarget } from "../../../../../attach/targets/net/socket.ts";
import { SocketOption } from "../../../../../uapi/uapi.gen.ts";
import type { Attach } from "../../attachment.ts";
import { attachToSocket } from "../../net/socket-option.ts";

export const attachSocket: Attach<SocketTarget> = async (request) => {
  const { ATTACH_BPF: attach, DETACH_BPF: detach } = SocketOption;
  const part = { fd: request.target.fd, attach, detach, invalid: "such a socket takes no filter" };
  return { parts: [attachToSocket(request, part)] };
};
