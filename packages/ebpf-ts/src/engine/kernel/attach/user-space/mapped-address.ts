import { deviceAndInode, fileKind } from "../../../../host/named-files.ts";
import { readIfThere } from "../../../../host/system-files.ts";

/** `7f12…-7f34… r-xp 00028000 08:01 1234   /lib/…` of proc_pid_maps(5). */
const line = /^([\da-f]+)-([\da-f]+) ..x. ([\da-f]+) [\da-f]+:[\da-f]+ (\d+)/;

/** Where a process has a place of a file mapped as code; undefined where it has not. */
export function addressIn(pid: number, path: string, offset: number): number | undefined {
  if (fileKind(path) !== "file") return undefined;
  const { inode } = deviceAndInode(path);
  for (const each of (readIfThere(`/proc/${pid}/maps`) ?? "").split("\n")) {
    const [, from = "", to = "", start = "", file] = line.exec(each) ?? [];
    if (file !== String(inode)) continue;
    const [begin, end, first] = [from, to, start].map((hex) => Number.parseInt(hex, 16)) as [number, number, number];
    if (offset >= first && offset - first < end - begin) return begin + offset - first;
  }
  return undefined;
}
