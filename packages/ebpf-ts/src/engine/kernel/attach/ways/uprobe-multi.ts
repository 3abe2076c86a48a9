import type { UprobeMultiTarget } from "../../../../attach/targets/uprobe-multi.ts";
import { EbpfError, NotSupportedError } from "../../../../base/errors.ts";
import { importHost } from "../../../../host/import-host.ts";
import { findProgramKind } from "../../../../kinds/find-program-kind.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { AttachType, UprobeMultiFlag } from "../../../../uapi/uapi.gen.ts";
import type { Attach } from "../attachment.ts";
import { createLink } from "../create-link.ts";
import { findBinary } from "../user-space/find-binary.ts";
import { withExecutable } from "../user-space/open-executable.ts";

/** BPF_LINK_CREATE, with the places of all functions in the file. */
export const attachUprobeMulti: Attach<UprobeMultiTarget> = async (request) => {
  const { spec, target, action } = request;
  const { pid, cookies, returns = findProgramKind(spec.kind)?.atReturn === true } = target;
  const attachType = spec.attachType ?? AttachType.TRACE_UPROBE_MULTI;
  if (returns && attachType === AttachType.TRACE_UPROBE_SESSION) {
    const why = "a session sees where functions begin and where they return, leave returns away";
    throw new NotSupportedError("uprobe.session with returns", `Cannot ${action}: ${why}`);
  }
  const path = findBinary(target.path, pid, action);
  const offsets = await offsetsOf(target, path, action);
  const fields = {
    uprobe_multi: {
      path,
      offsets: BigUint64Array.from(offsets, BigInt),
      ...(cookies === undefined ? {} : { cookies: BigUint64Array.from(cookies, BigInt) }),
      cnt: offsets.length,
      flags: returns ? UprobeMultiFlag.RETURN : 0,
      ...(pid === undefined ? {} : { pid }),
    },
  };
  const link = createLink(
    request,
    { attachType, fields },
    {
      what: "links of many uprobes",
      since: "6.6",
      meanings: {
        [Errno.EINVAL]: `${path} has no code at one of these places, or the program was not loaded for many, write SEC("uprobe.multi")`,
        [Errno.ESRCH]: `there is no process ${pid}`,
        [Errno.E2BIG]: "these are more places than the kernel takes at once",
      },
    },
  );
  return { parts: [{ link }] };
};

async function offsetsOf(target: UprobeMultiTarget, path: string, action: string): Promise<readonly number[]> {
  const { pattern, symbols = [], offsets } = target;
  const { findExecutableSymbol, findExecutableSymbols } = await importHost(
    "symbols of executables",
    () => import("../../../../elf/executable/find-symbol.ts"),
  );
  return withExecutable(path, action, (file) => {
    if (pattern !== undefined) return findExecutableSymbols(file, pattern).map(({ offset }) => offset);
    const beyond = offsets?.find((offset) => offset >= file.size);
    if (beyond !== undefined)
      throw new EbpfError("NOT_FOUND", `Cannot ${action}: offset ${beyond} lies beyond the end of ${path}`);
    return offsets ?? symbols.map((symbol) => findExecutableSymbol(file, symbol).offset);
  });
}
