import { EbpfError } from "../../../base/errors.ts";
import { nearName } from "../../../base/near-name.ts";
import { entriesIn, isThere, namesIn } from "../../../host/system-files.ts";
import { isRoot } from "../../../host/this-process.ts";

/** Since Linux 4.1 tracefs has a place of its own; before, and on many systems still, it is under debugfs. */
const traceFolders = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"] as const;

/** Undefined where tracefs is not mounted, or this user may not look into it. */
export function traceFolder(): string | undefined {
  return traceFolders.find((candidate) => isThere(`${candidate}/events`));
}

/** An ordinary user may not look into the folder, so that to him it looks as if nothing were there. `instead`: what he may do without it. */
export function noTracefs(action: string, instead = ""): EbpfError {
  if (!isRoot()) {
    return new EbpfError(
      "NO_PRIVILEGE",
      `Cannot ${action}: tracefs is not mounted, or this user may not read it; run as root, with CAP_DAC_READ_SEARCH, or let a group of yours read it (mount option gid)${instead}`,
    );
  }
  return new EbpfError(
    "NOT_FOUND",
    `Cannot ${action}: tracefs is not mounted, mount it with: mount -t tracefs tracefs ${traceFolders[0]}`,
  );
}

/** The category of a tracepoint, of which the kernel says the name alone; undefined where that is not known, or there are several. */
export function categoryOf(tracepoint: string): string | undefined {
  const folder = traceFolder();
  if (folder === undefined) return undefined;
  const found = namesIn(`${folder}/events`).filter((category) =>
    isThere(`${folder}/events/${category}/${tracepoint}/id`),
  );
  return found.length === 1 ? found[0] : undefined;
}

/** `, did you mean sys_enter_openat?`: of the tracepoints in that category, or in all, the one that was probably meant; empty where none is near. */
export function nearTracepoint(name: string, category?: string): string {
  const events = `${traceFolder() ?? ""}/events`;
  const categories = category === undefined ? foldersIn(events) : [category];
  const known = categories.flatMap((each) => foldersIn(`${events}/${each}`));
  const near = nearName(name, known) ?? (known.length === 0 ? nearName(category ?? "", foldersIn(events)) : undefined);
  return near === undefined ? "" : `, did you mean ${near}?`;
}

/** None where this user may not look, and where there is no such folder. */
function foldersIn(path: string): string[] {
  return entriesIn(path).flatMap(({ name, kind }) => (kind === "folder" ? name : []));
}
