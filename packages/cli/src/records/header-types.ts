import { access, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Btf } from "ebpf-ts/btf";
import { compile, CompileError } from "ebpf-ts/compile";
import { objectTypes } from "ebpf-ts/spec";

/** Headers that eBPF programs share with user space use these names, and leave it to others to bring them. */
const usualNames = `#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>
typedef __u8 u8; typedef __u16 u16; typedef __u32 u32; typedef __u64 u64;
typedef __s8 s8; typedef __s16 s16; typedef __s32 s32; typedef __s64 s64;
typedef __u8 uint8_t; typedef __u16 uint16_t; typedef __u32 uint32_t; typedef __u64 uint64_t;
typedef __s8 int8_t; typedef __s16 int16_t; typedef __s32 int32_t; typedef __s64 int64_t;
typedef int pid_t; typedef unsigned int uid_t; typedef unsigned int gid_t;
`;

/** All structs, unions, enums and typedefs of a C header. Rejected with the compiler's own words when it does not compile. */
export async function headerTypes(header: string): Promise<Btf> {
  await access(header).catch((cause: unknown) => {
    throw new Error(`Cannot read header ${header}: there is no such file, or this user may not read it`, { cause });
  });
  // The compiler would wait for the other end of a pipe, and read it but once.
  if (!(await stat(header)).isFile()) throw new Error(`Cannot read header ${header}: it is no regular file`);
  const folder = await mkdtemp(join(tmpdir(), "ebpf-header-"));
  try {
    return await compiled(folder, header, "").catch((error: unknown) => {
      if (!(error instanceof CompileError)) throw error;
      return compiled(folder, header, usualNames);
    });
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new Error(`Cannot compile header ${header}: ${firstError(error.diagnostics) ?? error.message}`, {
      cause: error,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compiled(folder: string, header: string, before: string): Promise<Btf> {
  const source = join(folder, "header.bpf.c");
  await writeFile(source, `${before}#include ${JSON.stringify(resolve(header))}\n`);
  const flags = ["-fno-eliminate-unused-debug-types", "-Wno-everything", "-fno-color-diagnostics"];
  const { object } = await compile(source, { flags });
  return objectTypes(object);
}

function firstError(diagnostics: string): string | undefined {
  return diagnostics.split("\n").find((line) => /\berror:/.test(line));
}
