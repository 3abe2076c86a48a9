import { type Declaration, declared, nameIn, placeOf, read, resolve } from "./declarations.ts";

/** Where a name of a file is declared: in it, or in another one. */
type Scope = ReadonlyMap<string, () => Promise<Declaration>>;

const importPattern = /^import (?:type )?\{([^}]*)\} from "([^"]+)";/gm;
/** Also those that are not exported: they stand in the declarations of those that are. */
const ownPattern = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type|enum) ([\w$]+)/gm;

async function scopeOf(file: string): Promise<Scope> {
  const scope = new Map<string, () => Promise<Declaration>>();
  const text = await read(file);
  for (const [, names, from] of text.matchAll(importPattern)) {
    if (!from!.startsWith(".")) continue;
    for (const each of names!.split(",")) {
      const imported = nameIn(each, resolve(file, from!));
      if (imported.name !== "") scope.set(imported.name, () => declared(imported));
    }
  }
  for (const match of text.matchAll(ownPattern)) {
    const [name, kind] = [match[2]!, match[1]!];
    scope.set(name, () => Promise.resolve({ file, name, kind, at: match.index, text }));
  }
  return scope;
}

/**
 * What a user sees of a declaration: not what is private, nor what constructors take, since nouns are made by `load()` and its like.
 * Of one that is `@opaque`, a handle to be passed on, nothing.
 */
function visiblePart({ kind, text, at }: Declaration): string {
  if (/@opaque\s*\*\/\s*$/.test(text.slice(0, at))) return "";
  const end = text.slice(at).search(/\n(?:export |declare |\/\*\*|interface |type )/);
  const whole = end < 0 ? text.slice(at) : text.slice(at, at + end);
  const shown = whole.replaceAll(/\/\*[\s\S]*?\*\//g, "");
  if (kind !== "class") return shown;
  return shown.replace(basePattern, "").replaceAll(/^ {4}(?:private |protected |constructor\()[^\n]*$/gm, "");
}

const basePattern = /(?<=^[^{]*) extends (?<base>\w+)/;

/** And the classes that the classes among them extend: what those have is theirs, and nobody needs their names. */
export async function withBases(all: readonly Declaration[]): Promise<Declaration[]> {
  const found = [...all];
  for (const { kind, file, text, at } of found) {
    const base = kind === "class" ? basePattern.exec(text.slice(at))?.groups?.["base"] : undefined;
    const declaration = base === undefined ? undefined : await (await scopeOf(file)).get(base)?.();
    if (declaration !== undefined && !found.some((each) => keyOf(each) === keyOf(declaration))) found.push(declaration);
  }
  return found;
}

const keyOf = ({ file, name }: Declaration): string => `${file}#${name}`;

/** A sentence for each type that a public declaration speaks of, and that no subpath exports. */
export async function findNameless(all: readonly Declaration[]): Promise<string[]> {
  const exported = new Set(all.map(keyOf));
  const faults = new Map<string, string>();
  for (const declaration of await withBases(all)) {
    const words = new Set(visiblePart(declaration).match(/[A-Za-z_$][\w$]*/g));
    for (const [name, find] of await scopeOf(declaration.file)) {
      if (!words.has(name) || name === declaration.name) continue;
      const found = await find();
      if (exported.has(keyOf(found)) || faults.has(keyOf(found))) continue;
      faults.set(keyOf(found), `${placeOf(found)} has no name for users, and ${placeOf(declaration)} speaks of it`);
    }
  }
  return [...faults.values()];
}
