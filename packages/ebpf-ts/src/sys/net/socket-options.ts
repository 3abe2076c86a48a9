import { addressOf, errno, func } from "../ffi/libc.ts";
import { SocketOption } from "../../uapi/uapi.gen.ts";

const SOL_SOCKET = 1;

export function setSocketOption(fd: number, option: number, value: number): number {
  const memory = Int32Array.of(value);
  const set = func("int setsockopt(int fd, int level, int name, intptr_t value, uint32_t length)");
  return set(fd, SOL_SOCKET, option, addressOf(memory), memory.byteLength) < 0 ? -errno() : 0;
}

export function socketCookie(fd: number): bigint | undefined {
  const [cookie, length] = [new BigUint64Array(1), Uint32Array.of(8)];
  const get = func("int getsockopt(int fd, int level, int name, intptr_t value, intptr_t length)");
  const result = get(fd, SOL_SOCKET, SocketOption.COOKIE, addressOf(cookie), addressOf(length));
  return result < 0 ? undefined : cookie[0];
}
