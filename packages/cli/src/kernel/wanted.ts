import { idsOf, type LoadedKind } from "ebpf-ts/kernel";

/** What the user named, all of that name; what is gone meanwhile is left out. */
export function wanted<T>(kind: LoadedKind, name: string, find: (id: number) => T | undefined): T[] {
  return idsOf(kind, name).flatMap((id) => find(id) ?? []);
}

/** For what is done to one alone. */
export function wantedOne(kind: LoadedKind, name: string): number {
  const ids = idsOf(kind, name);
  if (ids.length === 1) return ids[0]!;
  throw new Error(
    `Cannot tell which ${kind} ${name} is meant: there are ${ids.length}, with the ids ${ids.join(", ")}`,
  );
}
