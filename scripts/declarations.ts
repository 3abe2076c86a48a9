/** The declarations that are built of the library, and what its public subpaths export of them. */
import { readFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { root } from "./files.ts";

export const library: string = join(root, "packages", "ebpf-ts");

/** A name that a file exports, and where it comes from. */
export interface Exported {
  readonly name: string;
  readonly original: string;
  readonly file: string;
}

/** One declaration, as its file has it. */
export interface Declaration {
  readonly file: string;
  readonly name: string;
  readonly kind: string;
  /** From where it begins in the text of the file. */
  readonly at: number;
  readonly text: string;
}

const reexportPattern = /^export (?:type )?\{([^}]*)\} from "([^"]+)";/gm;
const starPattern = /^export (?:type )?\* from "([^"]+)";/gm;
const declarationPattern =
  /^export (?:declare )?(?:abstract )?(class|interface|function\*?|const|type|enum) ([\w$]+)/gm;

const texts = new Map<string, Promise<string>>();

export function read(file: string): Promise<string> {
  const text = texts.get(file) ?? readFile(file, "utf8");
  texts.set(file, text);
  return text;
}

/** The same file as another one imports it: declarations stand where the code does. */
export function resolve(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]s$/, ".d.ts"));
}

export async function exportsOf(file: string): Promise<Exported[]> {
  const text = await read(file);
  const own = [...text.matchAll(declarationPattern)].map(([, , name]) => ({ name: name!, original: name!, file }));
  const named = [...text.matchAll(reexportPattern)].flatMap(([, names, from]) =>
    names!.split(",").map((each) => nameIn(each, resolve(file, from!))),
  );
  const stars = await Promise.all([...text.matchAll(starPattern)].map(([, from]) => exportsOf(resolve(file, from!))));
  return [...own, ...named, ...stars.flat()].filter(({ name }) => name !== "");
}

/** `type A as B` */
export function nameIn(text: string, file: string): Exported {
  const [original = "", name = original] = text
    .trim()
    .replace(/^type /, "")
    .split(" as ");
  return { name, original, file };
}

/** The declaration itself, in the file or in those that it passes on. */
export async function declared({ original, file }: Exported): Promise<Declaration> {
  const text = await read(file);
  for (const match of text.matchAll(declarationPattern)) {
    if (match[2] === original) return { file, name: original, kind: match[1]!, at: match.index, text };
  }
  const passedOn = (await exportsOf(file)).find(({ name, file: from }) => name === original && from !== file);
  if (passedOn === undefined) throw new Error(`${relative(root, file)} does not export ${original}`);
  return declared(passedOn);
}

/** Of all public subpaths, each as often as it is exported. */
export async function publicDeclarations(): Promise<Declaration[]> {
  const manifest = JSON.parse(await readFile(join(library, "package.json"), "utf8")) as {
    readonly exports: Readonly<Record<string, { readonly types: string }>>;
  };
  const all: Declaration[] = [];
  for (const { types } of Object.values(manifest.exports))
    for (const exported of await exportsOf(join(library, types))) all.push(await declared(exported));
  return all;
}

/** For people: `packages/ebpf-ts/src/map/variable.ts: Variable`. */
export function placeOf({ file, name }: Declaration): string {
  const path = relative(join(library, "build"), file).replace(/\.d\.ts$/, ".ts");
  return `packages/ebpf-ts/${path}: ${name}`;
}
