import { aBoolean, aCount, aPath, integer } from "../../base/checks.ts";
import { LinkType } from "../../uapi/uapi.gen.ts";
import { aName } from "../a-name.ts";
import type { AttachKind } from "../attach-kind.ts";

/**
 * A place in the code of user space: a function, an offset in a function, or an offset in the file (kernel engine, Linux 4.17). Detach it
 * before the file is written to.
 */
export interface UprobeTarget {
  readonly kind: "uprobe";
  /** Of the executable or shared library. */
  readonly path: string;
  /** Name of a function. */
  readonly symbol?: string | undefined;
  /** Bytes from the function, or, without one, from the start of the file. */
  readonly offset?: number | undefined;
  /** Only where this process comes along, in any of its threads; every process when left out. */
  readonly pid?: number | undefined;
  /** Where the function returns rather than where it begins; by default as the section says (`uretprobe`). */
  readonly returns?: boolean | undefined;
}

/** `/path:symbol`, `/path:symbol+0x10`, `/path:0x1234`. No symbol begins with a digit. */
const pattern = /^(.+):(?:([^:+\d][^:+]*)(?:\+(0[xX][0-9a-fA-F]+|\d+))?|(0[xX][0-9a-fA-F]+|\d+))$/;

export const uprobe: AttachKind<UprobeTarget> = {
  kind: "uprobe",
  title: "a function of user space",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: { path: aPath, symbol: aName, offset: aCount, pid: integer(0, 0x7fff_ffff), returns: aBoolean },
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
