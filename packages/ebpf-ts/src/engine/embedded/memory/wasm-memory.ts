import { NotSupportedError } from "../../../base/errors.ts";
import { threadsShare } from "../../../base/shared-bytes.ts";

/**
 * A `WebAssembly.Memory`, as far as it is used here. Where the host has shared memory it is shared: it survives `postMessage`, and both
 * sides see the same bytes.
 */
export interface WasmMemory {
  readonly buffer: ArrayBufferLike;
}

export const wasmPageSize: number = 64 * 1024;
/** A WebAssembly memory has 32-bit addresses: 4 GiB. */
export const largestWasmMemory: number = 65536 * wasmPageSize;

interface WasmNamespace {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}

/** Zeroed memory of at least `size` bytes that never grows, so that views of it stay true. */
export function createWasmMemory(size: number): WasmMemory {
  const pages = Math.ceil(size / wasmPageSize);
  const wasm = (globalThis as { WebAssembly?: WasmNamespace }).WebAssembly;
  if (wasm === undefined) {
    throw new NotSupportedError("WebAssembly", "Cannot load on the embedded engine: this host has no WebAssembly");
  }
  try {
    return new wasm.Memory({ initial: pages, maximum: pages, shared: threadsShare() });
  } catch (cause) {
    throw new NotSupportedError(
      "memory",
      `Cannot load on the embedded engine: the host gives no ${pages * wasmPageSize} bytes of memory`,
      undefined,
      { cause },
    );
  }
}
