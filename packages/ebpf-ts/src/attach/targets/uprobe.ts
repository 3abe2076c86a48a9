import { aBoolean, aCount, aPath, integer } from "../../base/checks.ts";
import { LinkType } from "../../uapi/uapi.gen.ts";
import { aCookie } from "../a-cookie.ts";
import { aName } from "../a-name.ts";
import { aProcess } from "../a-process.ts";
import type { AttachKind } from "../attach-kind.ts";

/**
 * A place in the code of user space: a function, an offset in a function, or an offset in the file (kernel engine, Linux 4.17). Detach it
 * before the file is written to.
 */
export interface UprobeTarget {
  readonly kind: "uprobe";
  /**
   * Of the executable or shared library. A name without a slash is looked for as the loader does (`libc.so.6`: in what process `pid` has mapped,
   * LD_LIBRARY_PATH, what `ldconfig` knows, the system's folders), or the shell (`bash`: in PATH).
   */
  readonly path: string;
  /** Name of a function, which may have a version: `realpath@@GLIBC_2.3`. Programs in Go may be stripped. */
  readonly symbol?: string | undefined;
  /** Bytes from the function, or, without one, from the start of the file. */
  readonly offset?: number | undefined;
  /** Only where this process comes along, in any of its threads; every process when left out; 0 is this one. */
  readonly pid?: number | undefined;
  /** Where the function returns rather than where it begins; by default as the section says (`uretprobe`). */
  readonly returns?: boolean | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.15); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
  /** Where in the file a counter of 16 bits lies, which the kernel keeps above 0 meanwhile: a USDT semaphore (Linux 4.20). */
  readonly refCtrOffset?: number | undefined;
}

/** `/path:symbol`, `/path:symbol+0x10`, `/path:0x1234`. No symbol begins with a digit. */
const pattern = /^(.+):(?:([^:+\d][^:+]*)(?:\+(0[xX][0-9a-fA-F]+|\d+))?|(0[xX][0-9a-fA-F]+|\d+))$/;

export const uprobe: AttachKind<UprobeTarget> = {
  kind: "uprobe",
  title: "a function of user space",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: {
    path: aPath,
    symbol: aName,
    offset: aCount,
    pid: aProcess,
    returns: aBoolean,
    cookie: aCookie,
    refCtrOffset: integer(0, 0xffff_ffff),
  },
  needs: ["path"],
  check({ symbol, offset }) {
    if (symbol === undefined && offset === undefined)
      throw new TypeError("attach() to a function of user space needs a symbol, or an offset in the file");
  },
  parse(rest) {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    const [, path = "", symbol, afterSymbol, inFile] = match;
    const digits = afterSymbol ?? inFile;
    const offset = digits === undefined ? {} : { offset: Number(digits) };
    if (offset.offset !== undefined && !Number.isSafeInteger(offset.offset)) return undefined;
    return { kind: "uprobe", path, ...(symbol === undefined ? {} : { symbol }), ...offset };
  },
  write({ path, symbol, offset }) {
    const bytes = offset === undefined ? undefined : `0x${offset.toString(16)}`;
    return `${path}:${[symbol, bytes].filter((part) => part !== undefined).join("+")}`;
  },
};
