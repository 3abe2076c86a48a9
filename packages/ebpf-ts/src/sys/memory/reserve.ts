import { longestBuffer, runsOnV8 } from "../../host/this-process.ts";
import { Errno } from "../../uapi/errno.ts";
import { Protection } from "../../uapi/uapi.gen.ts";
import { addressOf, errno, func, type NativeFunction, viewOf } from "../ffi/libc.ts";

const readWrite = Protection.READ | Protection.WRITE;
/** MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE */
const placeholder = 0x4022;
/** The same, in place of what is there (MAP_FIXED). */
const emptied = placeholder | 0x10;
/** Bytes in which WebAssembly counts memory. */
const wasmPage = 65_536;

interface WasmNamespace {
  Memory: new (limits: { initial: number; maximum: number }) => { readonly buffer: ArrayBuffer };
}

/** JavaScriptCore uses the memory of a WebAssembly.Memory again when that is gone, with what is mapped there; V8 unmaps it. */
const wasm = runsOnV8 ? (globalThis as { WebAssembly?: WasmNamespace }).WebAssembly : undefined;

/** Addresses that are nobody else's, for files to be mapped over. */
export interface Reserved {
  /** At least as long as was asked for. */
  readonly buffer: ArrayBuffer;
  readonly address: number;
}

/**
 * Reserves addresses. What is mapped there goes when nobody can reach the buffer any more, or when the thread ends, however it ends.
 * Gives the negative errno where there are none.
 *
 * The memory of a WebAssembly.Memory is the only kind that nobody can move to another ArrayBuffer, and whose pages belong to V8: they
 * are there as long as anything that can be read through. Streams of bytes, `postMessage` and `transfer()` all refuse it.
 */
export function reserve(length: number): Reserved | number {
  return reserveWasm(length) ?? reservePlain(length);
}

/** Undefined where V8 finds no 10 GiB of addresses, as it takes for each: there is a limit (`ulimit -v`), or it is too long for it. */
function reserveWasm(length: number): Reserved | undefined {
  if (wasm === undefined) return undefined;
  const pages = Math.ceil(length / wasmPage);
  try {
    const { buffer } = new wasm.Memory({ initial: pages, maximum: pages });
    return { buffer, address: addressOf(buffer) };
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** Another ArrayBuffer may have taken the memory over meanwhile: the addresses stay, as empty pages of nobody. */
const unreachable = new FinalizationRegistry<{ readonly address: number; readonly length: number }>((memory) => {
  mmap()(memory.address, memory.length, readWrite, emptied, -1, 0);
});

/** The next best: it costs addresses, and what is mapped stays when a thread ends that still has it. */
function reservePlain(length: number): Reserved | number {
  // koffi ends the process where there can be no such ArrayBuffer.
  if (length > longestBuffer) return -Errno.EFBIG;
  const address = mmap()(0, length, Protection.NONE, placeholder, -1, 0);
  if (address === -1) return -errno();
  const buffer = viewOf(address, length);
  unreachable.register(buffer, { address, length });
  return { buffer, address };
}

function mmap(): NativeFunction {
  return func("intptr_t mmap(intptr_t address, size_t length, int protection, int flags, int fd, int64_t offset)");
}
