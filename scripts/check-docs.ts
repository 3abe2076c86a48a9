/**
 * Every name that a public subpath exports has a doc comment, and every method of the classes and interfaces among them: read from the
 * declarations that are built. Accessors and properties whose name says it all may do without.
 */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { root } from "./files.ts";

const library = join(root, "packages", "ebpf-ts");

/** One declaration, as its file has it. */
interface Declared {
  readonly file: string;
  readonly name: string;
  readonly documented: boolean;
  /** Methods without a doc comment. */
  readonly bareMethods: readonly string[];
}

/** A name that a file exports, and where it comes from. */
interface Exported {
  readonly name: string;
  readonly original: string;
  readonly file: string;
}

const reexportPattern = /^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm;
const starPattern = /^export (?:type )?\* from "([^"]+)";/gm;
const declarationPattern =
  /^export (?:declare )?(?:abstract )?(class|interface|function\*?|const|type|enum) ([\w$]+)/gm;
/** Declarations have members at one level of indentation. */
const methodPattern = /^ {4}(?:static |async |override )*\*?([\w$]+)\??(?:<[^\n]*?>)?\(/gm;

const texts = new Map<string, Promise<string>>();

function read(file: string): Promise<string> {
  const text = texts.get(file) ?? readFile(file, "utf8");
  texts.set(file, text);
  return text;
}

/** The same file as another one imports it: declarations stand where the code does. */
function resolve(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]s$/, ".d.ts"));
}

async function exportsOf(file: string): Promise<Exported[]> {
  const text = await read(file);
  const own = [...text.matchAll(declarationPattern)].map(([, , name]) => ({ name: name!, original: name!, file }));
  const named = [...text.matchAll(reexportPattern)].flatMap(([, names, from]) =>
    names!.split(",").map((each) => nameIn(each, resolve(file, from!))),
  );
  const stars = await Promise.all([...text.matchAll(starPattern)].map(([, from]) => exportsOf(resolve(file, from!))));
  return [...own, ...named, ...stars.flat()].filter(({ name }) => name !== "");
}

/** `type A as B` */
function nameIn(text: string, file: string): Exported {
  const [original = "", name = original] = text
    .trim()
    .replace(/^type /, "")
    .split(" as ");
  return { name, original, file };
}

/** The declaration itself, in the file or in those that it passes on. */
async function declared({ original, file }: Exported): Promise<Declared> {
  const text = await read(file);
  for (const match of text.matchAll(declarationPattern)) {
    if (match[2] !== original) continue;
    const body = match[1] === "class" || match[1] === "interface" ? bodyAt(text, match.index) : "";
    return { file, name: original, documented: isDocumented(text, match.index), bareMethods: bareMethods(body) };
  }
  const passedOn = (await exportsOf(file)).find(({ name, file: from }) => name === original && from !== file);
  if (passedOn === undefined) throw new Error(`${relative(root, file)} does not export ${original}`);
  return declared(passedOn);
}

function bodyAt(text: string, at: number): string {
  return text.slice(at, text.indexOf("\n}", at) + 1);
}

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

function faultsOf(found: Declared): string[] {
  const where = `packages/ebpf-ts/${relative(join(library, "build"), found.file).replace(/\.d\.ts$/, ".ts")}: ${found.name}`;
  return [
    ...(found.documented ? [] : [`${where} has no doc comment`]),
    ...found.bareMethods.map((method) => `${where} has a method ${method}() without a doc comment`),
  ];
}

async function main(): Promise<number> {
  const manifest = JSON.parse(await readFile(join(library, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, { readonly types: string }>>;
  };
  const faults = new Set<string>();
  let count = 0;
  for (const { types } of Object.values(manifest.exports)) {
    for (const exported of await exportsOf(join(library, types))) {
      count += 1;
      for (const fault of faultsOf(await declared(exported))) faults.add(fault);
    }
  }
  for (const fault of faults) console.error(fault);
  console.log(`${count} public names, ${faults.size} without a doc comment`);
  return faults.size > 0 ? 1 : 0;
}

process.exitCode = await main();
