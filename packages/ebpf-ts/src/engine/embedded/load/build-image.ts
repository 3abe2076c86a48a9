import type { Btf } from "../../../btf/types.ts";
import { EbpfError, NotSupportedError } from "../../../base/errors.ts";
import { Failures } from "../../../base/failures.ts";
import { encodeInstructions } from "../../../insn/codec.ts";
import { relocateTo } from "../../../spec/assembly/assemble.ts";
import { Assembler } from "../../../spec/assembly/assembler.ts";
import { checkLoadable } from "../../../spec/assembly/check-loadable.ts";
import { type FilledKconfig, fillKconfig, type KconfigSources } from "../../../spec/fill-kconfig.ts";
import { withMemberPrograms } from "../../../spec/struct-ops/member-programs.ts";
import type { CollectionSpec, MapSpec, ProgramSpec } from "../../../spec/types.ts";
import { MapType } from "../../../uapi/uapi.gen.ts";
import { assembleImage, type ImageParts } from "./assemble-image.ts";
import { checkCalls } from "./check-calls.ts";
import type { MachineImage, MachineMapImage, MachineProgramImage } from "../machine/image.ts";
import { reserveCpu } from "../memory/cpu-memory.ts";
import { MachineProgram } from "../machine/machine-program.ts";
import { planMap } from "../maps/plan-map.ts";
import { MemoryLayout } from "../memory/memory-plan.ts";
import { ProgramMemory } from "../memory/program-memory.ts";
import { programTag } from "./program-tag.ts";
import { resolveReferences } from "./resolve-references.ts";
import { validate } from "./validate.ts";

/** Instructions of all programs together, which stay in memory with what lines they came from: some 60 bytes each. */
const mostInstructionsKept = 4_000_000;

export interface BuildOptions extends Pick<
  ImageParts,
  "cpus" | "instructionBudget" | "maxRunMs" | "executor" | "filter" | "heap"
> {
  readonly kernelBtf: Btf;
  /** Settings of the kernel, by name, for objects that ask for them. */
  readonly kconfig: KconfigSources;
}

export interface BuiltImage {
  readonly image: MachineImage;
  /** By program, in the image's order. */
  readonly specs: readonly ProgramSpec[];
  readonly tags: readonly string[];
  /** Maps that cannot be, and that no program which was loaded refers to: why, by name. */
  readonly missing: ReadonlyMap<string, EbpfError>;
}

/**
 * Makes the machine that a spec describes: its maps planned and filled, its programs assembled, resolved and validated. All that the
 * engine lacks is told at once.
 */
export async function buildImage(given: CollectionSpec, options: BuildOptions): Promise<BuiltImage> {
  checkByteOrder();
  const kconfig = fillKconfig(withMemberPrograms(given), options.kconfig);
  const { spec } = kconfig;
  const failures = new Failures();
  const assembler = new Assembler(spec, relocateTo({ btf: options.kernelBtf }));
  checkLoadable(spec, assembler, failures, mostInstructionsKept);
  const layout = new MemoryLayout();
  for (let cpu = 0; cpu < options.cpus; cpu++) reserveCpu(layout, cpu);
  const missing = new Map<string, EbpfError>();
  const maps = spec.maps.map((map) => planOrStandIn(map, layout, options.cpus, missing));
  const specs = spec.programs.filter((program) => program.autoload);
  const built: BuiltProgram[] = [];
  for (const program of specs) built.push(await buildProgram(assembler, program, { maps, kconfig, failures }));
  const used = new Set(built.flatMap(({ maps: names }) => names));
  for (const { name, slots, section, ops, autoload } of spec.maps) {
    const why = missing.get(name);
    const holds = slots.length > 0 || section !== undefined || ops !== undefined;
    // Where no program is loaded, the maps are what it is for.
    const isNeeded = specs.length === 0 || used.has(name) || holds;
    if (why === undefined || !isNeeded || autoload === false) continue;
    failures.add(why);
    missing.delete(name);
  }
  const programs = built.map((program, index) => new MachineProgram(program.image, index));
  for (const program of programs) validate(program);
  const image = assembleImage({ ...options, layout, maps, programs: built.map((program) => program.image) });
  const memory = new ProgramMemory(image.memory.buffer, image.regions);
  spec.maps.forEach((map, index) => {
    const planned = maps[index]!;
    if (map.contents !== undefined && !missing.has(map.name))
      memory.bytes.set(map.contents.subarray(0, planned.valueSize), planned.address);
  });
  for (const program of programs) checkCalls(program, spec.license, memory, failures);
  failures.throwAny("load the object");
  return { image, specs, tags: built.map((program) => program.tag), missing };
}

interface BuiltProgram {
  readonly image: MachineProgramImage;
  readonly tag: string;
  /** The names of those that it refers to. */
  readonly maps: readonly string[];
}

function planOrStandIn(
  map: MapSpec,
  layout: MemoryLayout,
  cpus: number,
  missing: Map<string, EbpfError>,
): MachineMapImage {
  try {
    return planMap(map, layout, cpus);
  } catch (error) {
    if (!(error instanceof EbpfError)) throw error;
    missing.set(map.name, error);
    return planMap(standIn(map), layout, cpus);
  }
}

/** Programs that use more of a map that cannot be are not looked at. */
const largestStandIn = 2 ** 24;

/** In the place of a map that cannot be, while the programs are looked at. */
function standIn(map: MapSpec): MapSpec {
  // An arena has no values, and may have variables.
  const wanted = map.valueSize || (map.contents?.length ?? 0);
  const valueSize = wanted > 0 && wanted <= largestStandIn ? wanted : 8;
  return { ...map, type: MapType.ARRAY, keySize: 4, valueSize, maxEntries: 1, flags: 0, mapExtra: 0n };
}

interface Surroundings {
  readonly maps: readonly MachineMapImage[];
  readonly kconfig: FilledKconfig;
  readonly failures: Failures;
}

async function buildProgram(
  assembler: Assembler,
  program: ProgramSpec,
  { maps, kconfig, failures }: Surroundings,
): Promise<BuiltProgram> {
  const assembled = assembler.assemble(program);
  const tag = await programTag(assembled.instructions, assembled.references);
  const names = assembled.references.flatMap((reference) => ("map" in reference ? [reference.map] : []));
  resolveReferences(assembled, maps, kconfig, failures);
  const image: MachineProgramImage = {
    name: program.name,
    section: program.section,
    kind: program.kind,
    attachTo: program.attachTo,
    type: program.type,
    code: encodeInstructions(assembled.instructions),
    functions: assembled.functions.map(({ slot, name }) => ({ slot, name })),
    lines: assembled.lines
      .map(({ slot, file, line, text }) => ({ slot, file, line, text }))
      .sort((a, b) => a.slot - b.slot),
  };
  return { image, tag, maps: names };
}

/** eBPF's memory here is WebAssembly's, which is little-endian, and it is read through views that have the host's order. */
function checkByteOrder(): void {
  if (new Uint8Array(Uint16Array.of(1).buffer)[0] !== 1) {
    throw new NotSupportedError(
      "big-endian hosts",
      "Cannot load on the embedded engine: it needs a little-endian host",
    );
  }
}
