import type { PerfEventAttr } from "../../uapi/structs.gen.ts";
import type { KernelStruct, SystemArgument } from "./kernel-struct.ts";
import type { NetlinkAnswer, NetlinkRequest } from "../net/netlink.ts";
import type { MappingOptions } from "../memory/mapping.ts";

/**
 * All that the kernel engine asks of the system. Calls give their result, or the negative errno, as the kernel does;
 * descriptors come with O_CLOEXEC.
 */
export interface Sys {
  /** bpf(2). `attributes` are both in and out. */
  bpf(command: number, attributes: SystemArgument): number;
  /** The same on another thread, for what takes long. */
  bpfAsync(command: number, attributes: SystemArgument): Promise<number>;
  /** mmap(2), shared; the ArrayBuffer is longer than what was asked for. Read-only memory is for readers that never write: a write ends the process. */
  map(options: MappingOptions): ArrayBuffer | number;
  /** Takes the right to write from memory that {@link map} has given, of one part. A store into it ends the process then. */
  mapReadOnlyInPlace(memory: ArrayBuffer, part: Omit<MappingOptions, "writable">): number;
  /** mmap(2) of an arena, at an address unless that is 0. Gives the address, or the negative errno. */
  mapArena(fd: number, address: number, length: number): number;
  /** munmap(2). */
  unmapArena(address: number, length: number): void;
  /** Copies from an address, where a load might end the process: how many bytes there were, or the negative errno. */
  readMemory(address: number, into: Uint8Array): number;
  writeMemory(address: number, bytes: Uint8Array): number;
  /** perf_event_open(2). The struct is told its size. */
  perfEventOpen(attributes: KernelStruct<typeof PerfEventAttr>, pid: number, cpu: number): number;
  /** read(2) on another thread: how many bytes there were. */
  readAsync(fd: number, into: Uint8Array): Promise<number>;
  ioctl(fd: number, request: number, argument: number): number;
  /** fcntl(2) F_DUPFD_CLOEXEC. */
  duplicate(fd: number): number;
  epollCreate(): number;
  /** epoll_ctl(2). The token comes back with the event. */
  epollControl(epoll: number, operation: number, fd: number, events: number, token: number): number;
  /** poll(2) of one descriptor; blocks this thread. */
  poll(fd: number, events: number, timeoutMs: number): number;
  eventfd(): number;
  /** Adds one to an eventfd. */
  signal(eventfd: number): void;
  /** Takes the limit on locked memory away; before Linux 5.11 maps were counted against it. */
  raiseLockedMemory(): void;
  /** open_by_handle_at(2): a cgroup by its id. `mount` is a descriptor of the same file system. */
  openByHandle(mount: number, id: bigint): number;
  /** setsockopt(2) of a number, at SOL_SOCKET. */
  setSocketOption(fd: number, option: number, value: number): number;
  /** SO_COOKIE (Linux 4.12), which no other socket has; undefined where it is no socket, or there are none. */
  socketCookie(fd: number): bigint | undefined;
  /** if_nametoindex(3). */
  interfaceIndex(name: string): number;
  /** if_indextoname(3); undefined where there is none. */
  interfaceName(index: number): string | undefined;
  /** rtnetlink(7): one request, and all answers to it. */
  netlink(request: NetlinkRequest): NetlinkAnswer;
  pageSize(): number;
}
