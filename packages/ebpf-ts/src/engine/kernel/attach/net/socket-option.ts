/** Programs that a socket keeps by itself (setsockopt(2)): until another takes their place, they are detached, or the socket is closed. */
import { EbpfError } from "../../../../base/errors.ts";
import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { failure } from "../../failure.ts";
import type { AttachmentPart, AttachRequest } from "../attachment.ts";

export interface SocketProgram {
  readonly fd: number;
  /** SO_ATTACH_* and SO_DETACH_* */
  readonly attach: number;
  readonly detach: number;
  /** What EINVAL means. */
  readonly invalid: string;
}

export function attachToSocket(
  { sys, program, action }: AttachRequest<AttachTarget>,
  { fd, attach, detach, invalid }: SocketProgram,
): AttachmentPart {
  put(sys, fd, attach, program.fd, action, invalid);
  const cookie = sys.socketCookie(fd);
  return {
    link: undefined,
    noLink: { why: "the kernel has no links of sockets" },
    details: { fd },
    // The number may be another socket's by now: that of a closed one has let the program go.
    beside: [{ close: () => void (sys.socketCookie(fd) === cookie && sys.setSocketOption(fd, detach, 0)) }],
    update: (other, doing) => put(sys, fd, attach, other, doing, invalid),
  };
}

function put(sys: Sys, fd: number, option: number, program: number, action: string, invalid: string): void {
  const result = sys.setSocketOption(fd, option, program);
  if (result === -Errno.EBADF) throw new EbpfError("NOT_FOUND", `Cannot ${action}: descriptor ${fd} is not open`);
  if (result === -Errno.ENOTSOCK) throw new EbpfError("NOT_FOUND", `Cannot ${action}: descriptor ${fd} is no socket`);
  if (result < 0) throw failure(result, action, "setsockopt", result === -Errno.EINVAL ? invalid : undefined);
}
