import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AttachTarget } from "../../../src/attach/attach-targets.gen.ts";
import type { Link } from "../../../src/link/link.ts";
import { load } from "../../../src/load.ts";
import { parse } from "../../../src/spec/parse.ts";
import { setVariable } from "../../../src/spec/set-variable.ts";
import type { CollectionSpec } from "../../../src/spec/types.ts";
import { openDescriptors } from "../../../src/sys/ffi/descriptor.ts";
import { func } from "../../../src/sys/ffi/libc.ts";
import { fixturePath } from "../../support/fixtures.ts";

/** unlinkat(2); a path that is absolute needs no directory. */
export function unlinkat(path: string): number {
  return func("int unlinkat(int directory, const char *path, int flags)")(0, path, 0);
}

/** utimensat(2), which sets both times of a file to now. */
export function utimensat(path: string): number {
  return func("int utimensat(int directory, const char *path, void *times, int flags)")(0, path, null, 0);
}

/** A file of a folder of its own. */
export async function withFile(use: (path: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-lsm-"));
  try {
    const path = join(folder, "file");
    writeFileSync(path, "");
    await use(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** One program of the fixture, which watches this process; 0 for everybody. */
export function watching(name: string, tgid: number = process.pid): CollectionSpec {
  const spec = parse(readFileSync(fixturePath("kernel-functions.bpf.o")));
  for (const program of spec.programs) program.autoload = program.name === name;
  setVariable(spec, "only_tgid", tgid);
  return spec;
}

/** What the fixture's programs note. */
export interface Seen {
  readonly calls: bigint;
  readonly returns: bigint;
  /** Of the last call. */
  readonly returned: bigint;
  readonly cookie: bigint;
}

/** What a program notes of three calls that find no file, while it is attached; and of none before and after. */
export async function seenBy(name: string, target?: AttachTarget, look?: (link: Link) => void): Promise<Seen> {
  const before = openDescriptors();
  const bpf = await load(watching(name), { engine: "kernel" });
  try {
    utimensat("/nowhere/before");
    const link = await bpf.program(name).attach(target);
    for (let i = 0; i < 3; i += 1) assert.equal(utimensat("/nowhere/at/all"), -1);
    look?.(link);
    await link.detach();
    utimensat("/nowhere/after");
    const value = (variable: string): bigint => BigInt(bpf.variable(variable).get() as bigint);
    return { calls: value("calls"), returns: value("returns"), returned: value("returned"), cookie: value("cookie") };
  } finally {
    await bpf.close();
    assert.deepEqual(openDescriptors(), before);
  }
}
