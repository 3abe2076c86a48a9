/** Sockets of the C library: all is done in the thread that calls, and so in its network namespace and cgroup. IPv4, to this host. */
import { addressOf, errno, func } from "../../src/sys/ffi/libc.ts";

const AF_INET = 2;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const loopback = [127, 0, 0, 1];

function checked(result: number, call: string): number {
  if (result < 0) throw new Error(`${call} failed: errno ${errno()}`);
  return result;
}

function addressFor(port: number): Uint8Array {
  return Uint8Array.from([AF_INET, 0, port >> 8, port & 0xff, ...loopback, 0, 0, 0, 0, 0, 0, 0, 0]);
}

export function udpSocket(): number {
  return checked(
    func("int socket(int family, int type, int protocol)")(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
    "socket",
  );
}

export function tcpSocket(): number {
  return checked(
    func("int socket(int family, int type, int protocol)")(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
    "socket",
  );
}

/** Gives the port. */
export function bindAny(socket: number, port = 0): number {
  const address = addressFor(port);
  checked(func("int bind(int fd, intptr_t address, uint32_t length)")(socket, addressOf(address), 16), "bind");
  const length = new Uint32Array([16]);
  checked(
    func("int getsockname(int fd, intptr_t address, intptr_t length)")(socket, addressOf(address), addressOf(length)),
    "getsockname",
  );
  return address[2]! * 256 + address[3]!;
}

/** Gives the negative errno where it is refused. */
export function sendTo(socket: number, port: number, text: string): number {
  const data = new TextEncoder().encode(text);
  const result = func("long sendto(int fd, intptr_t data, size_t size, int flags, intptr_t address, uint32_t length)")(
    socket,
    addressOf(data),
    data.length,
    0,
    addressOf(addressFor(port)),
    16,
  );
  return result < 0 ? -errno() : result;
}

/** What has arrived; undefined where nothing has. */
export function received(socket: number): string | undefined {
  const data = new Uint8Array(2048);
  const size = func("long recv(int fd, intptr_t data, size_t size, int flags)")(
    socket,
    addressOf(data),
    data.length,
    MSG_DONTWAIT,
  );
  return size < 0 ? undefined : new TextDecoder().decode(data.subarray(0, size));
}

export function closeSocket(socket: number): void {
  func("int close(int fd)")(socket);
}

/** A datagram through the loopback interface. */
export function sendDatagram(): void {
  const [to, from] = [udpSocket(), udpSocket()];
  try {
    const port = bindAny(to);
    if (sendTo(from, port, "datagram") < 0) throw new Error("a datagram cannot be sent");
  } finally {
    closeSocket(to);
    closeSocket(from);
  }
}

/** Connects by TCP. Gives the negative errno where it is refused. */
export function connectTo(port: number): number {
  const socket = tcpSocket();
  try {
    const connect = func("int connect(int fd, intptr_t address, uint32_t length)");
    return connect(socket, addressOf(addressFor(port)), 16) < 0 ? -errno() : 0;
  } finally {
    closeSocket(socket);
  }
}

const SOL_SOCKET = 1;
const SO_REUSEPORT = 15;

/** For sockets that share a port: before each is bound. */
export function sharePort(socket: number): void {
  const one = Int32Array.of(1);
  const set = func("int setsockopt(int fd, int level, int name, intptr_t value, uint32_t length)");
  checked(set(socket, SOL_SOCKET, SO_REUSEPORT, addressOf(one), 4), "setsockopt");
}

/** Two ends of a TCP connection. */
export function tcpPair(): readonly [number, number] {
  const listening = tcpSocket();
  try {
    const port = bindAny(listening);
    checked(func("int listen(int fd, int backlog)")(listening, 1), "listen");
    const one = tcpSocket();
    checked(
      func("int connect(int fd, intptr_t address, uint32_t length)")(one, addressOf(addressFor(port)), 16),
      "connect",
    );
    const accept = func("int accept4(int fd, intptr_t address, intptr_t length, int flags)");
    return [one, checked(accept(listening, 0, 0, SOCK_CLOEXEC), "accept4")];
  } finally {
    closeSocket(listening);
  }
}

export function send(socket: number, text: string): number {
  const data = new TextEncoder().encode(text);
  const result = func("long send(int fd, intptr_t data, size_t size, int flags)")(
    socket,
    addressOf(data),
    data.length,
    0,
  );
  return result < 0 ? -errno() : result;
}

const IPPROTO_TCP = 6;
const TCP_CONGESTION = 13;

/** Has a connection's sending controlled by a congestion control, by its name. Gives the negative errno where there is none such. */
export function controlBy(socket: number, name: string): number {
  const text = new TextEncoder().encode(name);
  const set = func("int setsockopt(int fd, int level, int name, intptr_t value, uint32_t length)");
  return set(socket, IPPROTO_TCP, TCP_CONGESTION, addressOf(text), text.length) < 0 ? -errno() : 0;
}
