import { NotSupportedError } from "../../../base/errors.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { attachRawTracepoint, attachTracingProgram } from "./raw-tracepoint.ts";
import { attachTracepoint } from "./tracepoint.ts";
import { attachUprobeSection } from "./uprobe.ts";

/** What keeps a program attached. */
export interface Attachment {
  /** Idempotent. */
  close(): void;
}

type Attach = (sys: Sys, program: Descriptor, spec: ProgramSpec) => Promise<Attachment>;

/** By the section's kind. */
const ways: Readonly<Record<string, Attach>> = {
  tracepoint: attachTracepoint,
  tp: attachTracepoint,
  raw_tracepoint: attachRawTracepoint,
  raw_tp: attachRawTracepoint,
  "raw_tracepoint.w": attachRawTracepoint,
  "raw_tp.w": attachRawTracepoint,
  tp_btf: attachTracingProgram,
  uprobe: attachUprobeSection,
  uretprobe: attachUprobeSection,
  "uprobe.s": attachUprobeSection,
  "uretprobe.s": attachUprobeSection,
};

/** Attaches a program where its section name says. */
export async function attachProgram(sys: Sys, program: Descriptor, spec: ProgramSpec): Promise<Attachment> {
  const way = Object.hasOwn(ways, spec.kind) ? ways[spec.kind] : undefined;
  if (way !== undefined) return way(sys, program, spec);
  if (spec.kind === "syscall") {
    throw new NotSupportedError(
      "attach syscall",
      `Cannot attach program ${spec.name}: a syscall program attaches to nothing, call run()`,
    );
  }
  throw new NotSupportedError(
    `attach ${spec.kind}`,
    `Cannot attach program ${spec.name}: attaching ${spec.kind} programs is not supported yet (supported: ${Object.keys(ways).join(", ")})`,
  );
}
