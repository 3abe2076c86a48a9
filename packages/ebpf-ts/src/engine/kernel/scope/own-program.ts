import type { Instruction } from "../../../insn/instruction.ts";
import type { ProgramSpec } from "../../../spec/types.ts";
import type { Descriptor } from "../../../sys/ffi/descriptor.ts";
import type { Sys } from "../../../sys/ffi/sys.ts";
import { ProgType } from "../../../uapi/uapi.gen.ts";
import { openRawTracepoint } from "../attach/open-raw-tracepoint.ts";
import { failure } from "../failure.ts";
import { loadProgram } from "../load/load-program.ts";

/** A raw tracepoint program of the library's own: its name, for `bpftool prog`, and its code. */
export interface OwnProgram {
  readonly name: string;
  readonly instructions: Instruction[];
}

export function loadOwn(sys: Sys, { name, instructions }: OwnProgram): Promise<Descriptor> {
  const assembled = { name, instructions, references: [], functions: [], lines: [], absent: [] };
  return loadProgram(sys, {
    spec: specOf(name),
    assembled,
    license: "MIT",
    btf: undefined,
    target: { typeId: 0 },
    fds: [],
  });
}

/** Attached until what it gives is closed. */
export function attachOwn(sys: Sys, program: Descriptor, name: string, tracepoint: string): Descriptor {
  const action = `attach the library's program ${name}`;
  const target = { kind: "raw_tracepoint", name: tracepoint } as const;
  const link = openRawTracepoint(
    { sys, program, spec: specOf(name), target, mapOf: () => undefined, action },
    tracepoint,
  );
  if (typeof link === "number") throw failure(link, `${action} to ${tracepoint}`, "bpf");
  return link;
}

function specOf(name: string): ProgramSpec {
  return {
    name,
    section: "raw_tp",
    kind: "raw_tp",
    type: ProgType.RAW_TRACEPOINT,
    attachType: undefined,
    attachTo: "",
    sleepable: false,
    autoload: true,
    instructions: [],
    references: [],
    btfFunction: 0,
    lines: [],
    coreRelocations: [],
    linkage: "global",
  };
}
