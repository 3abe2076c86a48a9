import { aString, oneOf } from "../../base/checks.ts";
import { EbpfError } from "../../base/errors.ts";
import { nearName } from "../../base/near-name.ts";
import { absolutePath } from "../../host/named-files.ts";
import { btfs } from "./btfs.ts";
import type { LoadedKind } from "./family.ts";
import { links } from "./links.ts";
import { maps } from "./maps.ts";
import { type PinnedKind, pins } from "./pins.ts";
import { programs } from "./programs.ts";

/** What may be said of an object in place of its id. */
interface Called {
  readonly id: number;
  readonly names: readonly string[];
}

const called: Readonly<Record<LoadedKind, () => Called[]>> = {
  program: () => Array.from(programs(), ({ id, name, tag }) => ({ id, names: [name, tag] })),
  map: () => Array.from(maps(), ({ id, name }) => ({ id, names: [name] })),
  link: () => Array.from(links(), ({ id }) => ({ id, names: [] })),
  btf: () => Array.from(btfs(), ({ id, name }) => ({ id, names: [name] })),
};

/**
 * The ids of what somebody calls so: by the id itself, by the name, of a program by its tag, or by the path of a pin. Several programs may have
 * one name. Throws NOT_FOUND where there is none, with the name that was probably meant.
 */
export function idsOf(kind: LoadedKind, name: string): readonly number[] {
  oneOf("program", "map", "link", "btf")(kind, "The kind of idsOf()");
  aString(name, "The name of idsOf()");
  if (name.includes("/")) return pinnedIds(kind, name);
  const all = called[kind]();
  const wanted = all.filter(({ id, names }) => name === `${id}` || (name !== "" && names.includes(name)));
  if (wanted.length > 0) return wanted.map(({ id }) => id);
  const near = nearName(
    name,
    all.flatMap(({ names }) => names.filter((each) => each !== "")),
  );
  throw notFound(kind, `${JSON.stringify(name)}`, near === undefined ? "" : `, did you mean ${near}?`);
}

const pinnedKinds: readonly PinnedKind[] = ["program", "map", "link"];

function pinnedIds(kind: LoadedKind, name: string): readonly number[] {
  const path = absolutePath(name);
  const found = pins();
  const known = kind === "btf" ? new Map<number, readonly string[]>() : found[kind satisfies PinnedKind];
  const ids = [...known].filter(([, paths]) => paths.includes(path)).map(([id]) => id);
  if (ids.length > 0) return ids;
  const other = pinnedKinds.find((each) => [...found[each].values()].some((paths) => paths.includes(path)));
  const near = other === undefined ? nearName(path, [...known.values()].flat()) : undefined;
  const hint = near === undefined ? "" : `, did you mean ${near}?`;
  throw notFound(kind, `pinned at ${path}`, other === undefined ? hint : `, what is pinned there is a ${other}`);
}

function notFound(kind: LoadedKind, what: string, hint: string): EbpfError {
  const one = kind === "btf" ? "BTF" : kind;
  return new EbpfError("NOT_FOUND", `Cannot find ${one} ${what}: there is none in the kernel${hint}`);
}
