import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import { KernelStruct } from "../../../sys/ffi/kernel-struct.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { BpfAttr } from "../../../uapi/structs.gen.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { RunOptions, RunResult } from "../../program.ts";

/** A program may make a packet longer than it was; beyond a page and its headroom the kernel does not go. */
const ROOM_FOR_GROWTH = 4096;

type RunAttributes = KernelStruct<typeof BpfAttr.test>;

/** Runs of the first call: of a program that takes a millisecond, a second. */
const firstRuns = 1000;
/** Nanoseconds that each call after that is to take. Nothing ends one before: neither `close()` nor the end of the thread or of the process. */
const callTime = 100e6;

/**
 * BPF_PROG_TEST_RUN of a program that works on packets. The kernel repeats it, as often as takes a moment; after that it is asked anew, with the bytes
 * as they were given. Gives the negative errno on failure.
 */
export async function runPackets(
  sys: Sys,
  program: Descriptor,
  options: RunOptions & { readonly repeat: number },
): Promise<RunResult | number> {
  // Other work of this thread comes in between, which may change them.
  const { repeat } = options;
  const given = repeat > firstRuns ? { data: copyOf(options.data), context: copyOf(options.context) } : options;
  let total = 0;
  for (let done = 0, next = Math.min(repeat, firstRuns); ;) {
    const result = await runOnce(sys, program, { ...given, repeat: next });
    if (typeof result === "number") return result;
    done += next;
    total += result.duration * next;
    if (done >= repeat) return { ...result, duration: Math.round(total / done) };
    next = Math.min(repeat - done, Math.max(1, Math.floor((callTime * done) / Math.max(total, done))));
  }
}

const copyOf = (bytes: Uint8Array | undefined): Uint8Array | undefined => bytes && new Uint8Array(bytes);

async function runOnce(
  sys: Sys,
  program: Descriptor,
  options: RunOptions & { readonly repeat: number },
): Promise<RunResult | number> {
  const attributes = new KernelStruct(BpfAttr.test, { prog_fd: program.fd, repeat: options.repeat });
  const data = options.data === undefined ? undefined : addData(attributes, options.data);
  const context = options.context === undefined ? undefined : addContext(attributes, options.context);
  // One run is short; many may take long.
  const result =
    options.repeat > 1
      ? await program.during(() => sys.bpfAsync(Command.PROG_TEST_RUN, attributes))
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
