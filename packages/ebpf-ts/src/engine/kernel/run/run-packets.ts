import { Attributes } from "../../../sys/ffi/attributes.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { Command } from "../../../uapi/uapi.gen.ts";
import type { RunOptions, RunResult } from "../../program.ts";

/** A program may make a packet longer than it was; beyond a page and its headroom the kernel does not go. */
const ROOM_FOR_GROWTH = 4096;

/** BPF_PROG_TEST_RUN of a program that works on packets. The kernel repeats it. Gives the negative errno on failure. */
export async function runPackets(
  sys: Sys,
  program: number,
  options: RunOptions & { readonly repeat: number },
): Promise<RunResult | number> {
  const attributes = new Attributes(80).u32(0, program).u32(32, options.repeat);
  const data = options.data === undefined ? undefined : addData(attributes, options.data);
  const context = options.context === undefined ? undefined : addContext(attributes, options.context);
  // One run is short; many may take long.
  const result =
    options.repeat > 1
      ? await sys.bpfAsync(Command.PROG_TEST_RUN, attributes)
      : sys.bpf(Command.PROG_TEST_RUN, attributes);
  if (result < 0) return result;
  return {
    returnValue: attributes.getU32(4),
    duration: attributes.getU32(36),
    data: data?.slice(0, attributes.getU32(12)),
    context,
  };
}

function addData(attributes: Attributes, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length + ROOM_FOR_GROWTH);
  if (data.length > 0) attributes.u32(8, data.length).pointer(16, new Uint8Array(data));
  attributes.u32(12, out.length).pointer(24, out);
  return out;
}

function addContext(attributes: Attributes, context: Uint8Array): Uint8Array {
  const out = new Uint8Array(context.length);
  if (out.length > 0)
    attributes.u32(40, out.length).pointer(48, new Uint8Array(context)).u32(44, out.length).pointer(56, out);
  return out;
}
