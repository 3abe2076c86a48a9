import { pid } from "../../host/this-process.ts";
import { addressOf, errno, func } from "../ffi/libc.ts";
import { Protection } from "../../uapi/uapi.gen.ts";

/** MAP_SHARED */
const shared = 1;
/** MAP_FIXED_NOREPLACE (Linux 4.17): EEXIST where something lies. */
const there = 0x10_0000;

/** Maps an arena, at `address` unless that is 0. Gives its address, or the negative errno. */
export function mapArena(fd: number, address: number, length: number): number {
  const mmap = func(
    "intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)",
  );
  const flags = address === 0 ? shared : shared | there;
  const found = mmap(address, length, Protection.READ | Protection.WRITE, flags, fd, 0) as number;
  return found === -1 ? -errno() : found;
}

export function unmapArena(address: number, length: number): void {
  func("int munmap(intptr_t address, size_t length)")(address, length);
}

/** process_vm_readv(2) of this process: how many bytes there were, or the negative errno, where a load would end the process. */
export function readMemory(address: number, into: Uint8Array): number {
  return copied("intptr_t process_vm_readv", address, into);
}

/** process_vm_writev(2) of this process. */
export function writeMemory(address: number, bytes: Uint8Array): number {
  return copied("intptr_t process_vm_writev", address, bytes);
}

function copied(call: string, address: number, local: Uint8Array): number {
  const here = vector(addressOf(local), local.length);
  const remote = vector(address, local.length);
  const copy = func(
    `${call}(int pid, intptr_t local, unsigned long locals, intptr_t remote, unsigned long remotes, unsigned long flags)`,
  );
  const count = copy(pid, addressOf(here), 1, addressOf(remote), 1, 0) as number;
  const result = count < 0 ? -errno() : count;
  kept.add(local).add(here).add(remote).clear();
  return result;
}

/** Memory that C looks at must not be collected meanwhile. */
const kept = new Set<object>();

/** `struct iovec` */
function vector(address: number, length: number): BigUint64Array {
  return new BigUint64Array([BigInt(address), BigInt(length)]);
}
