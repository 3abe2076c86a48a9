import type { EngineCollection } from "../engine/engine.ts";
import type { LockableCollection, LockDownPlan } from "../engine/lock-down.ts";
import type { LoadedMaps } from "./loaded-maps.ts";

export interface LockableParts {
  readonly engine: EngineCollection;
  readonly maps: LoadedMaps;
  /** No view of a variable writes any more. */
  readonly sealVariables: () => void;
}

/** A collection, as far as giving up power touches it. */
export function lockable({ engine, maps, sealVariables }: LockableParts): LockableCollection {
  return {
    prepare: async ({ inject }) => {
      for (const name of inject) await maps.ring("ring-buf", name, {}).prepareInjection();
      await engine.prepareLockDown?.();
    },
    refuseSeal: () => maps.refuseSeal(),
    seal: () => {
      maps.seal();
      sealVariables();
    },
    ended: (plan) => [...endedOnKernel(plan, engine, maps), ...endedByFilter(plan), ...endedBySeal(plan)],
  };
}

function endedOnKernel(plan: LockDownPlan, engine: EngineCollection, maps: LoadedMaps): readonly string[] {
  if (engine.engine === "embedded" || (plan.capabilities === "keep" && plan.seccomp === undefined)) return [];
  const ended = [
    "Objects cannot be loaded, maps not be opened by number, and programs not be attached where that takes privilege",
  ];
  for (const name of maps.unopened) ended.push(`Perf event array ${name} cannot be opened: it was not before`);
  for (const name of maps.uninjected) {
    ended.push(`Records cannot be injected into ring ${name}: name it in the option inject`);
  }
  if (engine.goesOnWithoutPrivilege?.() === false) {
    ended.push("Maps by key, programs by hand and injection end: before Linux 5.19 all of bpf(2) takes CAP_BPF here");
  }
  return ended;
}

function endedByFilter({ seccomp }: LockDownPlan): readonly string[] {
  if (seccomp === undefined) return [];
  const ended = ["Commands cannot be started"];
  if (seccomp.files === "none") {
    ended.push("Files cannot be opened: nor modules imported, threads that load modules started, host names looked up");
  }
  if (seccomp.files !== "all") ended.push("Nothing can be pinned, and no file written");
  if (!seccomp.network) ended.push("Sockets cannot be opened");
  return ended;
}

function endedBySeal({ readOnly }: LockDownPlan): readonly string[] {
  return readOnly ? ["Maps cannot be written, nor variables be set"] : [];
}
