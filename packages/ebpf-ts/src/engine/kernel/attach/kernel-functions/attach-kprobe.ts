import type { AttachTarget } from "../../../../attach/attach-targets.gen.ts";
import { type EbpfError, SyscallError } from "../../../../base/errors.ts";
import { Errno } from "../../../../uapi/errno.ts";
import { failure } from "../../failure.ts";
import { perfFailure } from "../../perf-failure.ts";
import { type Attachment, type AttachRequest, closeAttachment } from "../attachment.ts";
import { attachToEvent } from "../perf-event.ts";
import { haveProbeSource } from "../probe-source.ts";
import { functionNames } from "./function-names.ts";
import { type KprobePlace, openKprobe } from "./open-kprobe.ts";
import { openTracedKprobe } from "./traced-kprobe.ts";
import { nearName } from "../../../../base/near-name.ts";

const haveProbeEvents = (): boolean => haveProbeSource("kprobe");

export interface KprobePlaces {
  /** Names of the same function: the first that the kernel has is taken. */
  readonly symbols: readonly string[];
  readonly offset: number;
  readonly returns: boolean;
  readonly cookie: bigint | number | undefined;
}

/** Attaches a program to a function of the kernel, or an instruction in it, by a perf event. */
export async function attachKprobeTo(
  request: AttachRequest<AttachTarget>,
  { symbols, offset, returns, cookie }: KprobePlaces,
): Promise<Attachment> {
  let refused = -Errno.ENOENT as number;
  for (const symbol of symbols) {
    const attached = tryPlace(request, { symbol, offset, returns }, cookie);
    if (typeof attached !== "number") return attached;
    refused = attached;
    if (!isAbsence(refused)) break;
  }
  throw await refusalOf(refused, request.action, { symbol: symbols[0]!, offset, returns });
}

/** A line of tracefs that names no function is told to be invalid. */
function isAbsence(refused: number): boolean {
  return refused === -Errno.ENOENT || (refused === -Errno.EINVAL && !haveProbeEvents());
}

function tryPlace(
  request: AttachRequest<AttachTarget>,
  place: KprobePlace,
  cookie: bigint | number | undefined,
): Attachment | number {
  if (haveProbeEvents()) {
    const event = openKprobe(request, place);
    return typeof event === "number" ? event : { parts: [attachToEvent(request, event, cookie)] };
  }
  const traced = openTracedKprobe(request, place);
  if (typeof traced === "number") return traced;
  const { event, entry } = traced;
  try {
    const part = attachToEvent(request, event, cookie);
    return { parts: [{ ...part, beside: [...(part.beside ?? []), entry] }] };
  } catch (error) {
    closeAttachment({ parts: [{ link: undefined, beside: [event, entry] }] });
    throw error;
  }
}

async function refusalOf(refused: number, action: string, { symbol, offset }: KprobePlace): Promise<EbpfError> {
  const call = haveProbeEvents() ? "perf_event_open" : "write";
  const at = offset === 0 ? symbol : `${symbol}+0x${offset.toString(16)}`;
  const because = (why: string): EbpfError => failure(refused, action, call, why);
  if (isAbsence(refused)) {
    const names = await functionNames().catch((): string[] => []);
    if (!names.includes(symbol)) {
      const near = nearName(symbol, names);
      const hint = near === undefined ? "" : `, did you mean ${near}?`;
      const message = `Cannot ${action}: this kernel has no function ${symbol}${hint}`;
      return new SyscallError(call, -refused, refused === -Errno.ENOENT ? "ENOENT" : "EINVAL", message, "NOT_FOUND");
    }
  }
  switch (-refused) {
    case Errno.EADDRNOTAVAIL:
      return because(`this kernel has several functions ${symbol}, name another that calls it, or is called by it`);
    case Errno.EINVAL:
    case Errno.ENOENT:
      return because(`the kernel lets nobody probe ${at}: it is not in that function, or kept from probes`);
    case Errno.EILSEQ:
      return because(`no instruction begins at ${at}`);
    case Errno.EACCES:
      return perfFailure(refused, action);
    default:
      return failure(refused, action, call);
  }
}
