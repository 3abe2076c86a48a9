import type { UsdtTarget } from "../../../../attach/targets/usdt.ts";
import { NotSupportedError } from "../../../../base/errors.ts";
import { importHost } from "../../../../host/import-host.ts";
import { isKernelBefore } from "../../kernel-release.ts";
import type { UsdtPlace, UsdtProbe } from "../../../../elf/usdt/notes.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { AttachType } from "../../../../uapi/uapi.gen.ts";
import { type Attach, type Attachment, attachmentOf, type AttachRequest } from "../attachment.ts";
import { createLink } from "../create-link.ts";
import { attachToEvent } from "../perf-event.ts";
import { findBinary } from "../user-space/find-binary.ts";
import { addressIn } from "../user-space/mapped-address.ts";
import { withExecutable } from "../user-space/open-executable.ts";
import { haveUprobeMulti } from "../user-space/have-uprobe-multi.ts";
import { openUprobe } from "../user-space/open-uprobe.ts";
import { type UsdtEntry, type UsdtTable, usdtTable } from "../user-space/usdt-table.ts";

type Request = AttachRequest<UsdtTarget>;

/** A user probe at each place of it, by one link where this kernel has such. Where its arguments lie there, the program finds in a map, by the cookie of the probe. */
export const attachUsdt: Attach<UsdtTarget> = async (request) => {
  const { findUsdt } = await importHost("probes of executables", () => import("../../../../elf/usdt/notes.ts"));
  const { sys, target, action } = request;
  const { provider, name, pid, cookie = 0 } = target;
  const path = findBinary(target.path, pid, action);
  const { machine, places } = withExecutable(path, action, (file) => findUsdt(file, provider, name));
  const table = usdtTable(request);
  if (haveUprobeMulti(sys)) return attachByOneLink(request, path, { machine, places, table });
  // Before them, the program finds it by the address at which it was stopped.
  const hasCookies = !isKernelBefore("5.15");
  return attachmentOf(places, (place) => {
    const { offset, semaphoreOffset } = place;
    const address = addressOf(place, path, pid);
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

interface Places extends Pick<UsdtProbe, "machine" | "places"> {
  readonly table: UsdtTable;
}

/** The program was loaded for it. The cookie of each place is its number in the table. */
function attachByOneLink(request: Request, path: string, { machine, places, table }: Places): Attachment {
  const { cookie = 0, pid } = request.target;
  const entries: UsdtEntry[] = [];
  try {
    for (const place of places) {
      const address = addressOf(place, path, pid);
      entries.push(table.add({ args: place.args, machine, cookie: BigInt(cookie), address, required: false }));
    }
    const semaphores = places.map(({ semaphoreOffset }) => BigInt(semaphoreOffset));
    const fields = {
      uprobe_multi: {
        path,
        offsets: BigUint64Array.from(places, ({ offset }) => BigInt(offset)),
        cookies: BigUint64Array.from(entries, ({ number }) => BigInt(number)),
        ...(semaphores.some((each) => each !== 0n) ? { ref_ctr_offsets: BigUint64Array.from(semaphores) } : {}),
        cnt: places.length,
        ...(pid === undefined ? {} : { pid }),
      },
    };
    const refusals = { what: "links of many uprobes", since: "6.6", meanings: meaningsOf(path, pid) };
    const link = createLink(request, { attachType: AttachType.TRACE_UPROBE_MULTI, fields }, refusals);
    return { parts: [{ link, beside: entries }] };
  } catch (error) {
    for (const entry of entries) entry.close();
    throw error;
  }
}

const meaningsOf = (path: string, pid: number | undefined): Readonly<Record<number, string>> => ({
  [Errno.EINVAL]: `${path} has no code at one of these places, or no counter there, or another probe has it with another`,
  [Errno.ESRCH]: `there is no process ${pid}`,
});

/** Where it is once it is loaded, as far as that is known. */
function addressOf({ address, offset }: UsdtPlace, path: string, pid: number | undefined): number | undefined {
  return address ?? (pid === undefined ? undefined : addressIn(pid, path, offset));
}

function needsProcess(action: string, path: string): NotSupportedError {
  return new NotSupportedError(
    "usdt without cookies",
    `Cannot ${action} to ${path}: before Linux 5.15 a probe of what is loaded anywhere takes a process that has it loaded, give its pid`,
    "5.15",
  );
}
