import { NotSupportedError } from "../../../base/errors.ts";

/** A shared `WebAssembly.Memory`, as far as it is used here; it survives `postMessage`, and both sides see the same bytes. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

export const wasmPageSize: number = 64 * 1024;
/** A WebAssembly memory has 32-bit addresses: 4 GiB. */
export const largestWasmMemory: number = 65536 * wasmPageSize;

interface WasmNamespace {
  readonly Memory: new (descriptor: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}

/** Zeroed shared memory of at least `size` bytes that never grows, so that views of it stay true. */
export function createWasmMemory(size: number): WasmMemory {
  const pages = Math.ceil(size / wasmPageSize);
  const wasm = (globalThis as { WebAssembly?: WasmNamespace }).WebAssembly;
  if (wasm === undefined || typeof SharedArrayBuffer === "undefined") {
    throw new NotSupportedError(
      "shared memory",
      "Cannot load on the embedded engine: this host has no shared WebAssembly memory (a browser needs cross-origin isolation for it)",
    );
  }
  try {
    return new wasm.Memory({ initial: pages, maximum: pages, shared: true });
  } catch (cause) {
    throw new NotSupportedError(
      "shared memory",
      `Cannot load on the embedded engine: the host gives no ${pages * wasmPageSize} bytes of memory`,
      undefined,
      { cause },
    );
  }
}
