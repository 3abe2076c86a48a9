import { nearName } from "../../base/near-name.ts";
import { demangle } from "../demangle/demangle.ts";

/** So many functions of one name are told: a template has as many as one likes. */
const mostTold = 3;
/** Of a browser's million functions all would be looked at for too long. */
const mostCompared = 50_000;

/**
 * What a user probably meant by a name that there is not: for one as C++ and Rust write it, the symbols that stand for it; else the name that is
 * near. Undefined where there is none.
 */
export function suggestion(asked: string, names: readonly string[]): string | undefined {
  const meant = mangledFor(asked, names);
  if (meant.length > 0) return meant.join(" or ");
  const most = Math.max(1, Math.floor(asked.length / 3));
  const near = names.filter(({ length }) => Math.abs(length - asked.length) <= most);
  return nearName(asked, near.slice(0, mostCompared));
}

/** Whether a pattern has any. */
function mangledFor(asked: string, names: readonly string[]): string[] {
  const last = /([\p{L}\d_]+)[^\p{L}\d_]*$/u.exec(withoutArguments(asked))?.[1];
  if (last === undefined) return [];
  // Every such name has its parts as they are, each behind its length.
  const part = `${new TextEncoder().encode(last).length}${last}`;
  const told: string[] = [];
  for (const name of names) {
    if (!name.includes(part)) continue;
    const shown = demangle(name);
    if (shown === undefined || !stands(asked, shown)) continue;
    told.push(`${name} (${shown})`);
    if (told.length === mostTold) break;
  }
  return told;
}

/** `method` and `Class::method` mean `space::Class::method(int)`. */
function stands(asked: string, shown: string): boolean {
  const [short, long] = [withoutArguments(asked), withoutArguments(shown)];
  return long === short || long.endsWith(`::${short}`) || shown === asked;
}

/** Neither parameters nor arguments of templates. */
function withoutArguments(name: string): string {
  let depth = 0;
  let kept = "";
  for (const letter of name.replace(/\(.*$/, "")) {
    if (letter === "<") depth += 1;
    if (depth === 0) kept += letter;
    if (letter === ">" && depth > 0) depth -= 1;
  }
  return kept.replaceAll("::::", "::");
}
