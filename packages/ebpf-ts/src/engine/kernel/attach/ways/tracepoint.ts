import type { TracepointTarget } from "../../../../attach/targets/tracepoint.ts";
import { EbpfError } from "../../../../base/errors.ts";
import { refusal } from "../../../../host/refusal.ts";
import { readSystemFile } from "../../../../host/system-files.ts";
import { Descriptor } from "../../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../../sys/ffi/kernel-struct.ts";
import { PerfEventAttr } from "../../../../uapi/structs.gen.ts";
import { PerfType } from "../../../../uapi/uapi.gen.ts";
import { perfFailure } from "../../perf-failure.ts";
import type { Attach, AttachRequest } from "../attachment.ts";
import { attachToEvent } from "../perf-event.ts";
import { nearTracepoint, noTracefs, traceFolder } from "../trace-folder.ts";

const ANY_PROCESS = -1;
const FIRST_CPU = 0;

/** The number of a tracepoint stands in tracefs alone. */
const instead = '; SEC("raw_tp/…") and SEC("tp_btf/…") take no tracefs';

/** A perf event of that tracepoint, to which the program is linked. */
export const attachTracepoint: Attach<TracepointTarget> = async (request) => ({
  parts: [attachToEvent(request, openTracepoint(request), request.target.cookie)],
});

function openTracepoint(request: AttachRequest<TracepointTarget>): Descriptor {
  const { sys, spec, action } = request;
  const attributes = new KernelStruct(PerfEventAttr, {
    type: PerfType.TRACEPOINT,
    config: tracepointId(request),
  });
  const fd = sys.perfEventOpen(attributes, ANY_PROCESS, FIRST_CPU);
  if (fd < 0) throw perfFailure(fd, action);
  return new Descriptor(fd, `the event of program ${spec.name}`);
}

function tracepointId({ action, target: { category, name } }: AttachRequest<TracepointTarget>): number {
  const folder = traceFolder();
  if (folder === undefined) throw noTracefs(action, instead);
  try {
    return Number(readSystemFile(`${folder}/events/${category}/${name}/id`));
  } catch (cause) {
    throw refusal(cause, action, (code) =>
      code === "EACCES"
        ? new EbpfError(
            "NO_PRIVILEGE",
            `Cannot ${action}: this user may not read ${folder}; run as root, or with CAP_DAC_READ_SEARCH${instead}`,
            { cause },
          )
        : new EbpfError(
            "NOT_FOUND",
            `Cannot ${action}: this kernel has no tracepoint ${category}/${name}${nearTracepoint(name, category)}`,
            { cause },
          ),
    );
  }
}
