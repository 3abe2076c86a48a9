import { aBoolean, aCount } from "../../../base/checks.ts";
import { LinkType } from "../../../uapi/uapi.gen.ts";
import { aCookie } from "../../a-cookie.ts";
import { aName } from "../../a-name.ts";
import type { AttachKind } from "../../attach-kind.ts";

/** A function of the kernel, or an instruction in it: the program gets its registers, `struct pt_regs` (kernel engine, Linux 4.1). */
export interface KprobeTarget {
  readonly kind: "kprobe";
  /** Name of the function, as in /proc/kallsyms. */
  readonly symbol: string;
  /** Bytes from the function to the instruction. Not where it returns. */
  readonly offset?: number | undefined;
  /** Where the function returns rather than where it begins; by default as the section says (`kretprobe`). */
  readonly returns?: boolean | undefined;
  /** What `bpf_get_attach_cookie` gives the program, 64 bits (Linux 5.15); 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

/** `name`, `name+0x10`: what libbpf reads. */
const pattern = /^([\w.]+)(?:\+(0[xX][0-9a-fA-F]+|\d+))?$/;

export const kprobe: AttachKind<KprobeTarget> = {
  kind: "kprobe",
  title: "a function of the kernel",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: { symbol: aName, offset: aCount, returns: aBoolean, cookie: aCookie },
  needs: ["symbol"],
  check({ offset = 0, returns }) {
    if (returns === true && offset !== 0)
      throw new TypeError("attach() to where a function of the kernel returns takes no offset");
  },
  parse(rest) {
    const [, symbol, digits] = pattern.exec(rest) ?? [];
    if (symbol === undefined) return undefined;
    if (digits === undefined) return { kind: "kprobe", symbol };
    // An octal one, as C has it.
    const offset = /^0\d/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
    return Number.isSafeInteger(offset) ? { kind: "kprobe", symbol, offset } : undefined;
  },
  write: ({ symbol, offset }) => (offset === undefined ? symbol : `${symbol}+0x${offset.toString(16)}`),
};
