import { addressOf, errno, func } from "../../src/sys/ffi/libc.ts";

export const CAP_NET_ADMIN = 12;
export const CAP_SYS_ADMIN = 21;

const version = 0x2008_0522;

/** This thread does it without a capability, as far as it is synchronous, and has that again after it (capset(2)). */
export function withoutCapability<T>(capability: number, run: () => T): T {
  // Of each 32 capabilities: effective, permitted, inheritable.
  const before = new Uint32Array(6);
  call("capget", before);
  const without = before.slice();
  without[capability < 32 ? 0 : 3]! &= ~(1 << (capability % 32));
  call("capset", without);
  try {
    return run();
  } finally {
    call("capset", before);
  }
}

function call(name: "capget" | "capset", data: Uint32Array): void {
  const header = Uint32Array.of(version, 0);
  const result = func(`int ${name}(intptr_t header, intptr_t data)`)(addressOf(header), addressOf(data));
  if (result < 0) throw new Error(`${name} failed: errno ${errno()}`);
}
