import { epollControl } from "../poll/epoll.ts";
import { addressOf, errno, func } from "./libc.ts";
import { interfaceIndex, interfaceName } from "../net/interfaces.ts";
import { setSocketOption, socketCookie } from "../net/socket-options.ts";
import { askNetlink } from "../net/netlink.ts";
import { mapArena, readMemory, unmapArena, writeMemory } from "../memory/arena-memory.ts";
import { mapMemory, mapReadOnlyInPlace, pageSize } from "../memory/mapping.ts";
import { openByHandle } from "../process/open-by-handle.ts";
import { pollOne } from "../poll/poll.ts";
import type { KernelStruct, SystemArgument } from "./kernel-struct.ts";
import type { Sys } from "./sys.ts";
import { syscallNumbers } from "./syscall-numbers.ts";
import { PerfEventAttr } from "../../uapi/structs.gen.ts";
import { Fcntl, OpenFlag, PerfAttrSize } from "../../uapi/uapi.gen.ts";

const { CLOEXEC } = OpenFlag; // O_CLOEXEC, and so EPOLL_CLOEXEC and EFD_CLOEXEC
const PERF_FLAG_FD_CLOEXEC = 8;
const RLIMIT_MEMLOCK = 8;

/** Arguments of the call that runs: memory that C looks at must not be collected meanwhile. */
const inUse = new Set<object>();

const syscall = "long syscall(long number, intptr_t a, intptr_t b, intptr_t c, intptr_t d, intptr_t e)";

function bpf(command: number, attributes: SystemArgument): number {
  inUse.add(attributes);
  const result = func(syscall)(syscallNumbers().bpf, command, attributes.address, attributes.size, 0, 0);
  const failure = result < 0 ? -errno() : result;
  inUse.delete(attributes);
  return failure;
}

function bpfAsync(command: number, attributes: SystemArgument): Promise<number> {
  const { bpf: number } = syscallNumbers();
  return elsewhere(attributes, func(syscall), number, command, attributes.address, attributes.size, 0, 0);
}

function readAsync(fd: number, into: Uint8Array): Promise<number> {
  const read = func("intptr_t read(int fd, intptr_t into, size_t count)");
  return elsewhere(into, read, fd, addressOf(into), into.length);
}

/** A call on another thread. `memory` is what it looks at. */
function elsewhere(memory: object, call: ReturnType<typeof func>, ...args: readonly number[]): Promise<number> {
  inUse.add(memory);
  return new Promise((resolve, reject) => {
    const done = (error: unknown, result: number): void => {
      const failure = result < 0 ? -errno() : result;
      inUse.delete(memory);
      if (error === null || error === undefined) resolve(failure);
      else reject(error);
    };
    call.async(...args, done);
  });
}

/** The size stands in the struct here. No kernel takes less than the first had. */
function perfEventOpen(attributes: KernelStruct<typeof PerfEventAttr>, pid: number, cpu: number): number {
  attributes.put(PerfEventAttr.fields.size, Math.max(attributes.size, PerfAttrSize.VER0));
  inUse.add(attributes);
  const noGroup = -1;
  const result = func(syscall)(
    syscallNumbers().perfEventOpen,
    attributes.address,
    pid,
    cpu,
    noGroup,
    PERF_FLAG_FD_CLOEXEC,
  );
  const failure = result < 0 ? -errno() : result;
  inUse.delete(attributes);
  return failure;
}

/** A result that is -1 on failure, as the negative errno. */
function checked(result: number): number {
  return result < 0 ? -errno() : result;
}

function raiseLockedMemory(): void {
  const unlimited = new BigUint64Array([0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn]);
  inUse.add(unlimited);
  func("int setrlimit(int resource, intptr_t limit)")(RLIMIT_MEMLOCK, addressOf(unlimited));
  inUse.delete(unlimited);
}

/** The running system. */
export function linuxSys(): Sys {
  return {
    bpf,
    bpfAsync,
    readAsync,
    map: mapMemory,
    mapReadOnlyInPlace,
    mapArena,
    unmapArena,
    readMemory,
    writeMemory,
    perfEventOpen,
    ioctl: (fd, request, argument) =>
      checked(func("int ioctl(int fd, unsigned long request, intptr_t argument)")(fd, request, argument)),
    duplicate: (fd) => checked(func("int fcntl(int fd, int command, intptr_t argument)")(fd, Fcntl.DUPFD_CLOEXEC, 3)),
    epollCreate: () => checked(func("int epoll_create1(int flags)")(CLOEXEC)),
    epollControl,
    poll: pollOne,
    eventfd: () => checked(func("int eventfd(unsigned int initial, int flags)")(0, CLOEXEC)),
    signal: (fd) => void func("int eventfd_write(int fd, uint64_t value)")(fd, 1),
    raiseLockedMemory,
    openByHandle,
    setSocketOption,
    socketCookie,
    interfaceIndex,
    interfaceName,
    netlink: askNetlink,
    pageSize,
  };
}
