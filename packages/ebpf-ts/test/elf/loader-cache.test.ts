import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { EbpfError } from "../../src/base/errors.ts";
import { findInLoaderCache } from "../../src/elf/executable/loader-cache.ts";
import { mutate, randomFrom } from "../support/mutate.ts";

/** As ldconfig(8) writes it. */
function cacheOf(entries: readonly (readonly [flags: number, name: string, path: string])[]): Uint8Array {
  const texts = entries.flatMap(([, name, path]) => [name, path]);
  const textsAt = 48 + 24 * entries.length;
  const bytes = Buffer.alloc(textsAt + texts.reduce((sum, text) => sum + text.length + 1, 0));
  bytes.write("glibc-ld.so.cache1.1");
  bytes.writeUInt32LE(entries.length, 20);
  let at = textsAt;
  for (const [index, text] of texts.entries()) {
    const entry = 48 + 24 * (index >> 1);
    bytes.writeUInt32LE(entries[index >> 1]![0], entry);
    bytes.writeUInt32LE(at, entry + 4 + 4 * (index % 2));
    at += bytes.write(`${text}\0`, at);
  }
  return bytes;
}

describe("the loader's cache", () => {
  const cache = cacheOf([
    [0x0003, "libc.so.6", "/lib32/libc.so.6"],
    [0x0303, "libc.so.6", "/lib/x86_64-linux-gnu/libc.so.6"],
    [0x0a03, "libm.so.6", "/lib/aarch64-linux-gnu/libm.so.6"],
  ]);

  it("finds a library of the architecture by its whole name", () => {
    assert.equal(findInLoaderCache(cache, "libc.so.6", "x64"), "/lib/x86_64-linux-gnu/libc.so.6");
    assert.equal(findInLoaderCache(cache, "libm.so.6", "arm64"), "/lib/aarch64-linux-gnu/libm.so.6");
    for (const [name, architecture] of [
      ["libm.so.6", "x64"],
      ["libc.so", "x64"],
      ["libc.so.6", "riscv64"],
    ] as const)
      assert.equal(findInLoaderCache(cache, name, architecture), undefined);
  });

  it("of another kind or broken: nothing, or our error", () => {
    const random = randomFrom(3);
    assert.equal(findInLoaderCache(Buffer.from("ld.so-1.7.0 and much more"), "libc.so.6", "x64"), undefined);
    for (let turn = 0; turn < 3000; turn += 1) {
      try {
        findInLoaderCache(mutate(cache, random), "libm.so.6", "arm64");
      } catch (error) {
        assert.ok(error instanceof EbpfError, String(error));
      }
    }
  });
});
