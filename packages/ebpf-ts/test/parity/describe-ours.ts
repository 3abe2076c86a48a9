import { EbpfError, NotSupportedError, SyscallError, VerifierError } from "../../src/base/errors.ts";
import type { EngineCollection, EngineOptions } from "../../src/engine/engine.ts";
import type { EngineLink, EngineProgram } from "../../src/engine/program.ts";
import { kernelEngine } from "../../src/engine/kernel/kernel-engine.ts";
import { objectInfo } from "../../src/engine/kernel/object-info.ts";
import { parse } from "../../src/spec/parse.ts";
import type { CollectionSpec } from "../../src/spec/types.ts";
import { linuxSys } from "../../src/sys/ffi/linux.ts";
import { BpfMapInfo } from "../../src/uapi/structs.gen.ts";
import { type LoadReport, type MapReport, type ProgramReport, refusedUnasked } from "./report.ts";

const options: EngineOptions = { onPrint: () => {}, onFault: () => {} };

/** What this library makes of an object, in the running kernel. Programs are attached for a moment when `attach` says so. */
export async function describeOurs(bytes: Uint8Array, attach: boolean): Promise<LoadReport> {
  let spec: CollectionSpec;
  try {
    spec = parse(bytes);
  } catch (error) {
    return { open: numberOf(error), load: 0, maps: [], programs: [] };
  }
  try {
    return { open: 0, load: 0, ...(await loadAndDescribe(spec, attach)) };
  } catch (error) {
    return { open: 0, load: numberOf(error), ...(await oneByOne(spec, attach)) };
  }
}

type Loaded = Pick<LoadReport, "maps" | "programs">;

async function loadAndDescribe(spec: CollectionSpec, attach: boolean): Promise<Loaded> {
  // Neither side leaves pins behind.
  for (const map of spec.maps) map.pinning = "none";
  const collection = await kernelEngine().load(spec, options);
  try {
    const programs: ProgramReport[] = [];
    for (const { name } of spec.programs) {
      const program = collection.programs.get(name);
      if (program !== undefined) programs.push(await describeProgram(program, attach));
    }
    return { maps: await describeMaps(collection, attach), programs };
  } finally {
    await collection.close();
  }
}

async function oneByOne(spec: CollectionSpec, attach: boolean): Promise<Loaded> {
  let maps: readonly MapReport[] = [];
  const programs: ProgramReport[] = [];
  for (const wanted of spec.programs.filter(({ autoload }) => autoload)) {
    const others = spec.programs.map((program) => ({ ...program, autoload: program === wanted }));
    try {
      const loaded = await loadAndDescribe({ ...spec, programs: others }, attach);
      if (maps.length === 0) maps = loaded.maps;
      programs.push(...loaded.programs);
    } catch (error) {
      const { message } = error as Error;
      programs.push({ name: wanted.name, outcome: numberOf(error), type: wanted.type, message });
    }
  }
  return { maps, programs };
}

async function describeProgram(program: EngineProgram, attach: boolean): Promise<ProgramReport> {
  const { name, type, tag } = program.info;
  return { name, type, tag, outcome: 0, ...(attach ? await attachForAMoment(() => program.attach(undefined)) : {}) };
}

async function attachForAMoment(
  attach: () => Promise<EngineLink>,
): Promise<Pick<ProgramReport, "attached" | "attachMessage">> {
  try {
    await (await attach()).close();
    return { attached: 0 };
  } catch (error) {
    return { attached: numberOf(error), attachMessage: (error as Error).message.split("\n")[0] };
  }
}

async function describeMaps(collection: EngineCollection, attach: boolean): Promise<MapReport[]> {
  const reports: MapReport[] = [];
  for (const [name, map] of collection.maps) {
    const info = objectInfo(linuxSys(), map as unknown as { readonly fd: number }, BpfMapInfo, "a map's properties");
    const isAttached = attach && map.attach !== undefined;
    reports.push({
      name,
      type: info.type,
      keySize: info.key_size,
      valueSize: info.value_size,
      maxEntries: info.max_entries,
      flags: info.map_flags,
      mapExtra: Number(info.map_extra),
      typed: info.btf_id !== 0 || info.btf_vmlinux_value_type_id !== 0,
      attached: isAttached ? ((await attachForAMoment(() => map.attach!())).attached ?? 0) : undefined,
    });
  }
  return reports;
}

/** The kernel's number where it was the kernel that refused; libbpf chooses one of its own otherwise, and we none. */
function numberOf(error: unknown): number {
  if (error instanceof SyscallError || error instanceof VerifierError) return -error.errno;
  if (!(error instanceof EbpfError)) throw error;
  if (error instanceof NotSupportedError && error.cause instanceof EbpfError) return numberOf(error.cause);
  return refusedUnasked;
}
