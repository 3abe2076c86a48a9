import { findExterns } from "../../../btf/find-externs.ts";
import type * as Mending from "../../../btf/mend-for-kernel.ts";
import type { Btf } from "../../../btf/types.ts";
import { EbpfError } from "../../../base/errors.ts";
import { importHost } from "../../../host/import-host.ts";
import { capabilitiesForObject } from "../../../kinds/needed-capabilities.ts";
import { publishFinding } from "../../../host/reporters.ts";
import { whyNeedsTypes } from "../../../spec/needs-types.ts";
import type { CollectionSpec } from "../../../spec/types.ts";
import { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Errno, errnoName } from "../../../uapi/errno.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import { deniedOr, failure, isShortage } from "../failure.ts";

/** What the kernel says of types may be long: each is printed before it is looked at. What is kept of it is the end. */
const logSize = 2 ** 20;

/** What is told of the object's types: why they are not as the object has them. */
export type ReportTypes = (finding: string) => void;

/**
 * Loads the object's types (BPF_BTF_LOAD, Linux 4.18). Where the kernel refuses them they are mended, as libbpf does it, and where it
 * refuses those too there are none, if nothing needs them: programs and most maps work without. Either is reported. Throws
 * NOT_SUPPORTED when something needs them, with what the kernel said.
 */
export async function loadBtf(
  sys: Sys,
  spec: CollectionSpec,
  report: ReportTypes = publishFinding,
): Promise<Descriptor | undefined> {
  const { btf } = spec;
  if (btf === undefined) return undefined;
  const bytes = findExterns(btf).size === 0 ? btf.bytes : ((await mending()).settleExterns(btf) ?? btf.bytes);
  const fd = await load(sys, bytes);
  if (fd >= 0) return typesOf(fd);
  if (fd === -Errno.EPERM || fd === -Errno.ENOSYS || isShortage(fd))
    throw deniedOr(capabilitiesForObject(spec), fd, "load programs", "bpf");
  const said = await whatIsWrong(sys, bytes, -fd);
  const mended = await loadMended(sys, btf);
  if (mended !== undefined) {
    report(`The kernel refused the object's types (${said}): it got them mended`);
    return mended;
  }
  const why = whyNeedsTypes(spec);
  if (why === undefined)
    report(`The kernel refused the object's types (${said}): they are left out, nothing needs them`);
  else
    throw new EbpfError(
      "NOT_SUPPORTED",
      `Cannot load the object: ${why}, so that the kernel needs the object's types, and it refused them (${said})`,
    );
  return undefined;
}

/** Of most objects the kernel takes the types as they are. */
function mending(): Promise<typeof Mending> {
  return importHost("what mends types", () => import("../../../btf/mend-for-kernel.ts"));
}

async function loadMended(sys: Sys, btf: Btf): Promise<Descriptor | undefined> {
  const { mendForKernel } = await mending();
  for (const old of [false, true]) {
    const fd = await load(sys, mendForKernel(btf, { old }));
    if (fd >= 0) return typesOf(fd);
    if (isShortage(fd)) throw failure(fd, "load the object's types", "bpf");
  }
  return undefined;
}

function load(sys: Sys, bytes: Uint8Array): Promise<number> {
  return sys.bpfAsync(Command.BTF_LOAD, new KernelStruct(BpfAttr.btf_load, { btf: bytes, btf_size: bytes.length }));
}

/** The last line of the kernel's log, which it is asked for in a second try. */
async function whatIsWrong(sys: Sys, bytes: Uint8Array, errno: number): Promise<string> {
  const log = new Uint8Array(logSize);
  const asked = { btf: bytes, btf_size: bytes.length, btf_log_buf: log, btf_log_size: logSize, btf_log_level: 1 };
  const fd = await sys.bpfAsync(Command.BTF_LOAD, new KernelStruct(BpfAttr.btf_load, asked));
  if (fd >= 0) typesOf(fd).close();
  const end = log.indexOf(0);
  const lines = new TextDecoder().decode(log.subarray(0, end < 0 ? logSize : end)).trim();
  const last = lines.slice(lines.lastIndexOf("\n") + 1).trim();
  return last === "" ? errnoName(errno) : `${last.replaceAll(/\s+/g, " ")}, ${errnoName(errno)}`;
}

function typesOf(fd: number): Descriptor {
  return new Descriptor(fd, "the object's BTF");
}
