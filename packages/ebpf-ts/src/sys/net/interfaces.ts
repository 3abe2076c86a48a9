/** Network interfaces of the namespace that this thread is in. */
import { addressOf, errno, func } from "../ffi/libc.ts";

/** IFNAMSIZ */
const nameBytes = 16;

/** Index of the interface, or the negative errno. */
export function interfaceIndex(name: string): number {
  const index = func("unsigned int if_nametoindex(const char *name)")(name);
  return index === 0 ? -errno() : index;
}

/** Undefined where there is none of that index. */
export function interfaceName(index: number): string | undefined {
  const name = new Uint8Array(nameBytes);
  const found = func("intptr_t if_indextoname(unsigned int index, intptr_t name)")(index, addressOf(name));
  return found === 0 ? undefined : new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}
