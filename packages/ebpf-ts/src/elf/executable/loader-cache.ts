import { ByteView } from "../../bytes/byte-view.ts";

/** `struct cache_file_new` of glibc (dl-cache.h): what ldconfig(8) has found. */
const magic = "glibc-ld.so.cache1.1";
const HEADER = 48;
const ENTRY = 24;
/** Libraries of that machine, for the C library of today: FLAG_ELF_LIBC6, and the machine above. */
const flags: Readonly<Record<string, number>> = { x64: 0x0303, arm64: 0x0a03 };

/**
 * Where the loader finds a library of that architecture (`x64`, `arm64`), as /etc/ld.so.cache says; undefined where it does not know it. Throws
 * BAD_OBJECT for what is broken.
 */
export function findInLoaderCache(bytes: Uint8Array, name: string, architecture: string): string | undefined {
  const cache = new ByteView(bytes, "The loader's cache", "BAD_OBJECT");
  if (new TextDecoder().decode(cache.bytes(0, magic.length)) !== magic) return undefined;
  const count = cache.u32(magic.length);
  for (let at = HEADER; at < HEADER + count * ENTRY; at += ENTRY) {
    if (cache.u32(at) !== flags[architecture] || cache.cString(cache.u32(at + 4)) !== name) continue;
    return cache.cString(cache.u32(at + 8));
  }
  return undefined;
}
