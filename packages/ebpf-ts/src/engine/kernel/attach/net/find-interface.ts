import { EbpfError } from "../../../../base/errors.ts";
import { nearName } from "../../../../base/near-name.ts";
import { readIfThere } from "../../../../host/system-files.ts";
import type { Sys } from "../../../../sys/ffi/sys.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { failure } from "../../failure.ts";

/** Most names that a message lists. */
const mostNames = 12;

/** The index of an interface that is there, in the network namespace of this process. `action` follows "Cannot". */
export function findInterface(sys: Sys, given: string | number, action: string): number {
  if (typeof given === "number") {
    if (sys.interfaceName(given) === undefined) throw noInterface(`of index ${given}`, undefined, action);
    return given;
  }
  const index = sys.interfaceIndex(given);
  if (index === -Errno.ENODEV) throw noInterface(given, nearName(given, interfaceNames()), action);
  if (index < 0) throw failure(index, action, "ioctl");
  return index;
}

function noInterface(which: string, near: string | undefined, action: string): EbpfError {
  const names = interfaceNames();
  const all = `there are ${names.slice(0, mostNames).join(", ")}${names.length > mostNames ? ", …" : ""}`;
  const hint = near === undefined ? all : `did you mean ${near}?`;
  return new EbpfError("NOT_FOUND", `Cannot ${action}: this network namespace has no interface ${which}; ${hint}`);
}

/** What sysfs shows is the namespace that it was mounted in, and procfs that of who asks. */
function interfaceNames(): string[] {
  const lines = (readIfThere("/proc/thread-self/net/dev") ?? "").split("\n");
  return lines.flatMap((line) => /^\s*([^\s:]+):/.exec(line)?.[1] ?? []);
}
