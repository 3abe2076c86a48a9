import type { UsdtTarget } from "../../../../attach/targets/usdt.ts";
import { NotSupportedError } from "../../../../base/errors.ts";
import { importHost } from "../../../../host/import-host.ts";
import { isKernelBefore } from "../../kernel-release.ts";
import { type Attach, attachmentOf } from "../attachment.ts";
import { attachToEvent } from "../perf-event.ts";
import { findBinary } from "../user-space/find-binary.ts";
import { addressIn } from "../user-space/mapped-address.ts";
import { withExecutable } from "../user-space/open-executable.ts";
import { openUprobe } from "../user-space/open-uprobe.ts";
import { usdtTable } from "../user-space/usdt-table.ts";

/** A user probe at each place of it. Where its arguments lie there, the program finds in a map, by the cookie of the probe. */
export const attachUsdt: Attach<UsdtTarget> = async (request) => {
  const { findUsdt } = await importHost("probes of executables", () => import("../../../../elf/usdt/notes.ts"));
  const { sys, target, action } = request;
  const { provider, name, pid, cookie = 0 } = target;
  const path = findBinary(target.path, pid, action);
  const { machine, places } = withExecutable(path, action, (file) => findUsdt(file, provider, name));
  const table = usdtTable(request);
  // Before them, the program finds it by the address at which it was stopped.
  const hasCookies = !isKernelBefore("5.15");
  return attachmentOf(places, (place) => {
    const { offset, semaphoreOffset, address = pid === undefined ? undefined : addressIn(pid, path, offset) } = place;
    if (!hasCookies && address === undefined) throw needsProcess(action, path);
    const entry = table.add({ args: place.args, machine, cookie: BigInt(cookie), address, required: !hasCookies });
    try {
      const event = openUprobe(sys, { path, offset, pid, returns: false, refCtrOffset: semaphoreOffset }, action);
      const part = attachToEvent(request, event, hasCookies ? entry.number : 0);
      return { ...part, beside: [...(part.beside ?? []), entry] };
    } catch (error) {
      entry.close();
      throw error;
    }
  });
};

function needsProcess(action: string, path: string): NotSupportedError {
  return new NotSupportedError(
    "usdt without cookies",
    `Cannot ${action} to ${path}: before Linux 5.15 a probe of what is loaded anywhere takes a process that has it loaded, give its pid`,
    "5.15",
  );
}
