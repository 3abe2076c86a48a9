import { addressOf, errno, func } from "../../src/sys/ffi/libc.ts";
import { Errno } from "../../src/uapi/errno.ts";
import { Descriptor } from "../../src/sys/ffi/descriptor.ts";
import { kernelOrSkip, orFail, type SkipReason } from "./requirements.ts";
import { udpSocket } from "./sockets.ts";

const CLONE_NEWNET = 0x4000_0000;
const SIOCSIFFLAGS = 0x8914;
const IFF_UP = 1;
const ifreqBytes = 40;
const flagsAt = 16;

let entered = false;

/**
 * Takes this thread, and so whatever it does synchronously, into a network namespace of its own, with the loopback interface up. The kernel removes it,
 * and all that is in it, with the process, however that ends.
 */
export function enterOwnNetwork(): void {
  if (entered) return;
  if (func("int unshare(int flags)")(CLONE_NEWNET) < 0)
    throw new Error(`unshare(CLONE_NEWNET) failed: errno ${errno()}`);
  entered = true;
  setUp("lo");
}

/** For tests in a network namespace of their own. */
export function networkOrSkip(): SkipReason {
  const kernel = kernelOrSkip();
  if (kernel !== false) return kernel;
  try {
    enterOwnNetwork();
    return false;
  } catch (error) {
    return orFail(`no network namespace can be made: ${(error as Error).message}`);
  }
}

export function setUp(name: string): void {
  const socket = new Descriptor(udpSocket(), "a socket");
  const request = new Uint8Array(ifreqBytes);
  request.set(new TextEncoder().encode(name));
  request[flagsAt] = IFF_UP;
  const result = func("int ioctl(int fd, unsigned long request, intptr_t argument)")(
    socket.fd,
    SIOCSIFFLAGS,
    addressOf(request),
  );
  const failed = result < 0 ? errno() : 0;
  socket.close();
  if (failed !== 0 && failed !== Errno.EEXIST) throw new Error(`${name} cannot be set up: errno ${failed}`);
}
