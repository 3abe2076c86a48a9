import { aString, integer, wrongKind } from "../../base/checks.ts";
import { mapKind } from "../../kinds/map-kinds.ts";
import { helperSince } from "../../kinds/helper-since.ts";
import { programKinds } from "../../kinds/program-kinds.ts";
import { linuxSys } from "../../sys/ffi/linux.ts";
import { askAttachKind, kindNamed } from "./attach-kinds.ts";
import { askHelper, helperIdOf } from "./helpers.ts";
import { askKfunc } from "./kfuncs.ts";
import { askMapType } from "./map-types.ts";
import { probe, type Probed } from "./probed.ts";
import { askProgramType, programTypeSince } from "./program-types.ts";

/**
 * Whether the running kernel has maps of a type (`MapType` of `ebpf-ts/spec`): the smallest one is made, and let go. As with all probes, nothing
 * is left behind, and nobody else notices; without the privilege, or where there is no kernel, it cannot be told.
 */
export function haveMapType(type: number): Promise<Probed> {
  integer(0, 0xffff_ffff)(type, "The type of haveMapType()");
  return probe(mapKind(type).since, () => askMapType(linuxSys(), type));
}

/** Whether it loads programs of a type (`ProgType` of `ebpf-ts/spec`): one that does nothing is loaded, attached nowhere, and let go. */
export function haveProgramType(type: number): Promise<Probed> {
  integer(0, 0xffff_ffff)(type, "The type of haveProgramType()");
  return probe(programTypeSince(type), () => askProgramType(linuxSys(), type));
}

/**
 * Whether programs of a type may call a helper, by its name (`bpf_loop`, or without `bpf_`) or number. It is not run: the verifier is asked.
 * Throws NOT_FOUND for a name that no kernel has.
 */
export async function haveHelper(programType: number, helper: number | string): Promise<Probed> {
  integer(0, 0xffff_ffff)(programType, "The program type of haveHelper()");
  if (typeof helper === "number") integer(1, 0x7fff_ffff)(helper, "The helper of haveHelper()");
  else if (typeof helper !== "string") throw wrongKind("The helper of haveHelper()", "a name or a number", helper);
  const id = helperIdOf(helper);
  return probe(helperSince(id), () => askHelper(linuxSys(), programType, id));
}

/**
 * Whether programs, of a type or of any, may call a kernel function (kfunc): one of the kernel itself, not of a module. It takes the kernel's types
 * (BTF); in which Linux a function came is not known here.
 */
export function haveKfunc(name: string, programType?: number): Promise<Probed> {
  aString(name, "The name of haveKfunc()");
  if (programType !== undefined) integer(0, 0xffff_ffff)(programType, "The program type of haveKfunc()");
  return probe(undefined, () => askKfunc(linuxSys(), name, programType));
}

/**
 * Whether it loads and attaches programs of a kind, which is named as a section is: `fentry`, `kprobe.multi`, `tcx/ingress`. What takes an attachment to
 * find out is not attached: whether it would be is told by what it takes, or by how the kernel refuses a place that is not there. Throws NOT_FOUND for
 * a name that no kind has.
 */
export async function haveAttachKind(name: string): Promise<Probed> {
  aString(name, "The name of haveAttachKind()");
  const kind = kindNamed(name);
  return probe(kind.since, () => askAttachKind(linuxSys(), kind));
}

/** What {@link haveAttachKind} takes: every kind of section that libbpf knows. */
export function attachKindNames(): readonly string[] {
  return programKinds.map(({ name }) => name);
}
