import { findProgram, type LoadedProgram, programs, readBtf, readKernelBtf } from "ebpf-ts/kernel";
import { bytesText, type Facts, type ListColumn, present, printFacts, printJson, printList } from "./listing.ts";
import { Owners } from "./owners.ts";
import { wanted } from "./wanted.ts";

export interface FactsOptions {
  readonly json?: boolean;
}

/** `ebpf prog list` */
export function listPrograms({ json }: FactsOptions): void {
  const all = [...programs()];
  const owners = new Owners("program");
  if (json === true) {
    printJson(
      all.map((program) => factsOf(program, owners)),
      false,
    );
  } else {
    printList(all, columns(owners), "No program is loaded.");
  }
}

/** `ebpf prog show` */
export async function showProgram(name: string, { json }: FactsOptions): Promise<void> {
  const found = wanted("program", name, findProgram);
  const owners = new Owners("program");
  const targets = await Promise.all(found.map(targetOf));
  if (json === true) {
    printJson(
      found.map((program, index) => ({ ...factsOf(program, owners), ...present({ attach_to: targets[index] }) })),
      true,
    );
    return;
  }
  for (const [index, program] of found.entries()) {
    printFacts(`${program.id} ${program.name}`, [
      ["type", program.typeName],
      ["tag", program.tag],
      ["attaches to", targets[index]],
      ["licence", program.gplCompatible ? "GPL-compatible" : "other"],
      ["loaded", `${program.loadedAt.toISOString()} by user ${program.uid}`],
      ["translated", bytesText(program.translatedSize)],
      ["machine code", program.jitedSize === 0 ? "none" : bytesText(program.jitedSize)],
      ["memory", bytesText(program.memory)],
      ["verified", `${program.verifiedInstructions} instructions`],
      ["maps", program.maps.join(", ")],
      ["types", program.btf === 0 ? "" : `BTF ${program.btf}`],
      ["runs", program.runCount === 0n ? "" : `${program.runCount} in ${program.runTimeNs} ns`],
      ["left out", program.recursionMisses === 0n ? "" : `${program.recursionMisses} runs`],
      ["held by", owners.textOf(program.id)],
    ]);
  }
}

/** What the kernel's types call the place that the program was loaded for: a function, a hook, a tracepoint. */
async function targetOf({ attachBtf, attachType }: LoadedProgram): Promise<string | undefined> {
  if (attachType === 0) return undefined;
  const types = await (attachBtf === 0 ? readKernelBtf() : readBtf(attachBtf)).catch(() => undefined);
  const type = types === undefined || attachType >= types.length ? undefined : types.type(attachType);
  return type !== undefined && "name" in type ? type.name : undefined;
}

function columns(owners: Owners): ListColumn<LoadedProgram>[] {
  return [
    { title: "ID", right: true, textOf: ({ id }) => id },
    { title: "TYPE", textOf: ({ typeName }) => typeName },
    { title: "NAME", textOf: ({ name }) => name },
    { title: "TAG", textOf: ({ tag }) => tag },
    { title: "LOADED", textOf: ({ loadedAt }) => loadedAt.toISOString().slice(0, 19).replace("T", " ") },
    { title: "MEMORY", right: true, textOf: ({ memory }) => bytesText(memory) },
    { title: "MAPS", textOf: ({ maps }) => maps.join(",") },
    { title: "HELD BY", textOf: ({ id }) => owners.textOf(id) },
  ];
}

/** By bpftool's names, and ours for what it has none for. */
function factsOf(program: LoadedProgram, owners: Owners): Facts {
  const hasRun = program.runTimeNs > 0n;
  return present({
    id: program.id,
    type: program.typeName,
    name: program.name,
    tag: program.tag,
    gpl_compatible: program.gplCompatible,
    run_time_ns: hasRun ? program.runTimeNs : undefined,
    run_cnt: hasRun ? program.runCount : undefined,
    recursion_misses: program.recursionMisses > 0n ? program.recursionMisses : undefined,
    loaded_at: Math.floor(program.loadedAt.getTime() / 1000),
    uid: program.uid,
    bytes_xlated: program.translatedSize,
    jited: program.jitedSize > 0,
    bytes_jited: program.jitedSize > 0 ? program.jitedSize : undefined,
    bytes_memlock: program.memory,
    map_ids: program.maps,
    btf_id: program.btf > 0 ? program.btf : undefined,
    verified_insns: program.verifiedInstructions,
    ...owners.factsOf(program.id),
  });
}
