/**
 * Every name that a public subpath exports has a doc comment, and every method of the classes and interfaces among them: read from the
 * declarations that are built. Accessors and properties whose name says it all may do without.
 *
 * And every type that one of them speaks of can be named: some subpath exports it.
 */
import { type Declaration, placeOf, publicDeclarations } from "./declarations.ts";
import { findNameless, withBases } from "./find-nameless.ts";

/** Declarations have members at one level of indentation. */
const methodPattern = /^ {4}(?:static |async |override )*\*?([\w$]+)\??(?:<[^\n]*?>)?\(/gm;

function isDocumented(text: string, at: number): boolean {
  return /\*\/\s*$/.test(text.slice(0, at));
}

/** Of overloads the first counts. What a symbol names is known by it. */
function bareMethods(body: string): string[] {
  const seen = new Set<string>();
  const bare: string[] = [];
  for (const match of body.matchAll(methodPattern)) {
    const name = match[1]!;
    if (name !== "constructor" && !seen.has(name) && !isDocumented(body, match.index)) bare.push(name);
    seen.add(name);
  }
  return bare;
}

function faultsOf(found: Declaration): string[] {
  const { kind, text, at } = found;
  const hasMembers = kind === "class" || kind === "interface";
  const bare = hasMembers ? bareMethods(text.slice(at, text.indexOf("\n}", at) + 1)) : [];
  return [
    ...(isDocumented(text, at) ? [] : [`${placeOf(found)} has no doc comment`]),
    ...bare.map((method) => `${placeOf(found)} has a method ${method}() without a doc comment`),
  ];
}

const all = await publicDeclarations();
const faults = new Set([...(await withBases(all)).flatMap(faultsOf), ...(await findNameless(all))]);
for (const fault of faults) console.error(fault);
console.log(`${all.length} public names, ${faults.size} without a doc comment, or with a type that has no name`);
process.exitCode = faults.size > 0 ? 1 : 0;
