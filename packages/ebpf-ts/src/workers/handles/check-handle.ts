import type { EngineRingHandle } from "../../engine/ring.ts";

/** Refuses what `share()` has not given. */
export function checkHandle(
  handle: { readonly ring?: Partial<EngineRingHandle> } | null | undefined,
  of: string,
): void {
  const ring = handle?.ring;
  if ((ring?.engine !== "kernel" && ring?.engine !== "embedded") || typeof ring.name !== "string") throw noHandle(of);
}

/** The memory that all have who have the handle. */
export function checkShared(memory: unknown, bytes: number, of: string): void {
  if (!(memory instanceof SharedArrayBuffer) || memory.byteLength < bytes) throw noHandle(of);
}

function noHandle(of: string): TypeError {
  return new TypeError(`${of} takes the handle that share() of a ring has given, as it came through postMessage`);
}
