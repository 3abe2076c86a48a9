import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { RunOptions, RunResult } from "../../program.ts";

/** A program may make a packet longer than it was; beyond a page and its headroom the kernel does not go. */
const ROOM_FOR_GROWTH = 4096;

type RunAttributes = KernelStruct<typeof BpfAttr.test>;

/** BPF_PROG_TEST_RUN of a program that works on packets. The kernel repeats it. Gives the negative errno on failure. */
export async function runPackets(
  sys: Sys,
  program: number,
  options: RunOptions & { readonly repeat: number },
): Promise<RunResult | number> {
  const attributes = new KernelStruct(BpfAttr.test, { prog_fd: program, repeat: options.repeat });
  const data = options.data === undefined ? undefined : addData(attributes, options.data);
  const context = options.context === undefined ? undefined : addContext(attributes, options.context);
  // One run is short; many may take long.
  const result =
    options.repeat > 1
      ? await sys.bpfAsync(Command.PROG_TEST_RUN, attributes)
      : sys.bpf(Command.PROG_TEST_RUN, attributes);
  if (result < 0) return result;
  const { retval, duration, data_size_out } = attributes.values;
  return { returnValue: retval, duration, data: data?.slice(0, data_size_out), context };
}

function addData(attributes: RunAttributes, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + ROOM_FOR_GROWTH);
  if (data.length > 0) attributes.assign({ data_size_in: data.length, data_in: new Uint8Array(data) });
  attributes.assign({ data_size_out: out.length, data_out: out });
  return out;
}

function addContext(attributes: RunAttributes, context: Uint8Array): Uint8Array {
  const out = new Uint8Array(context.length);
  if (out.length > 0) {
    attributes.assign({ ctx_size_in: out.length, ctx_in: new Uint8Array(context) });
    attributes.assign({ ctx_size_out: out.length, ctx_out: out });
  }
  return out;
}
