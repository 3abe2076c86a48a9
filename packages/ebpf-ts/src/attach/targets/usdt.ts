import { aPath } from "../../base/checks.ts";
import { LinkType } from "../../uapi/uapi.gen.ts";
import { aCookie } from "../a-cookie.ts";
import { aName } from "../a-name.ts";
import { aProcess } from "../a-process.ts";
import type { AttachKind } from "../attach-kind.ts";

/**
 * A probe that a program of user space defines itself (USDT, `<sys/sdt.h>`), at all its places (kernel engine, Linux 4.17, with a semaphore 4.20). Programs
 * read its arguments with `bpf/usdt.bpf.h`.
 */
export interface UsdtTarget {
  readonly kind: "usdt";
  /** Of the executable or shared library, which is looked for as that of a {@link UprobeTarget} is. */
  readonly path: string;
  readonly provider: string;
  readonly name: string;
  /** Only where this process comes along; every process when left out; 0 is this one. Before Linux 5.15 libraries take it. */
  readonly pid?: number | undefined;
  /** What `bpf_usdt_cookie` gives the program, 64 bits; 0 when left out. */
  readonly cookie?: bigint | number | undefined;
}

export const usdt: AttachKind<UsdtTarget> = {
  kind: "usdt",
  title: "a probe of user space",
  linkType: LinkType.PERF_EVENT,
  once: false,
  checks: { path: aPath, provider: aName, name: aName, pid: aProcess, cookie: aCookie },
  needs: ["path", "provider", "name"],
  parse(rest) {
    const [, path, provider, name] = /^([^:]+):([^:]+):([^:]+)$/.exec(rest) ?? [];
    return path === undefined || provider === undefined || name === undefined
      ? undefined
      : { kind: "usdt", path, provider, name };
  },
  write: ({ path, provider, name }) => `${path}:${provider}:${name}`,
};
