import { integrityOf } from "../base/digest.ts";
import { type Checks, checkOptions } from "../base/check-options.ts";
import { aBoolean, aString, aUint8Array, integer, oneOf } from "../base/checks.ts";
import { EbpfError } from "../base/errors.ts";
import { toBase64 } from "../importing/module-source.ts";
import { parse } from "../spec/parse.ts";
import type { Btf } from "../btf/types.ts";
import type { CollectionSpec } from "../spec/types.ts";
import { DescriptionWriter } from "./describe-object.ts";
import { type Doc, group, hardLine, ifBreak, indent, join, line, printDocument, softLine } from "./document.ts";
import { code, literal, pascalCase, TypeNames } from "./names.ts";
import { block, comment, Declarations, TypeWriter } from "./type-writer.ts";

/** How a module is written. */
export interface GenerateOptions {
  /** The object's file as the module sees it: `./probe.bpf.o`. */
  readonly path: string;
  /** The object stands in the module, as base64; otherwise it is read from its path when it is loaded. */
  readonly embed?: boolean | undefined;
  /** `ebpf-ts/embedded` for browsers; `ebpf-ts` by default. */
  readonly from?: "ebpf-ts" | "ebpf-ts/embedded" | undefined;
  /** Columns of a line, as formatters count them; 80 by default. */
  readonly printWidth?: number | undefined;
}

const checks: Checks<GenerateOptions> = {
  path: aString,
  embed: aBoolean,
  from: oneOf("ebpf-ts", "ebpf-ts/embedded"),
  printWidth: integer(40, 1000),
};

/** Types of the language, which nobody should import as something else. */
const language = [
  "Array",
  "BigInt",
  "Boolean",
  "Date",
  "Error",
  "Function",
  "Map",
  "Number",
  "Object",
  "Promise",
  "Record",
  "RegExp",
  "Set",
  "String",
  "Symbol",
];
/** What a module has beside its types. */
const own = ["object", "load", "defineObject", "ObjectModule", "URL", "Uint8Array", "Exclude"];
const library = [
  "BloomFilter",
  "BpfMap",
  "ConstantOf",
  "LiveMap",
  "MapOf",
  "PerCpuMapOf",
  "PerfEventArray",
  "Program",
  "ProgramOf",
  "Queue",
  "RingBuf",
  "RingOf",
  "SettingOf",
  "StructOps",
  "UserRingOf",
  "VariableOf",
];

/**
 * A TypeScript module with the types of all that an object's maps, rings, variables and programs use, and a `load()` that gives them:
 * laid out as Prettier and oxfmt do, the same text for the same object.
 */
export async function generateModule(object: Uint8Array, options: GenerateOptions): Promise<string> {
  checkGeneration(object, options);
  const own = new Uint8Array(object);
  return writeModule(parse(own), { object: own, digest: await digestOf(own) }, options);
}

/**
 * The types alone, as a declaration for the import of the object itself: `probe.bpf.d.o.ts` beside `probe.bpf.o`, for the compiler option
 * `allowArbitraryExtensions`.
 */
export async function generateDeclaration(object: Uint8Array, options: GenerateOptions): Promise<string> {
  checkGeneration(object, options);
  const { head, body, name, title } = describe(parse(object), options, []);
  const declared: Doc[] = [
    `declare const object: ObjectModule<${name}>;`,
    [comment(`Loads ${code(title)}: see load() of ebpf-ts.`), "export declare const load: typeof object.load;"],
    "export default object;",
  ];
  return print([head, ...body, ...declared], options);
}

function checkGeneration(object: Uint8Array, options: GenerateOptions): void {
  aUint8Array(object, "The object of a generated module");
  checkOptions(options, checks, "a generated module");
  aString(options.path, "The option path of a generated module");
}

/** Characters that mean something in a URL are none in the name of a file. */
function urlPath(path: string): string {
  return encodeURI(path.replace(/\p{Cs}/gu, "\ufffd"))
    .replaceAll("?", "%3F")
    .replaceAll("#", "%23");
}

/** What a spec was read from. */
interface Origin {
  readonly object: Uint8Array;
  readonly digest: string;
}

/** The module of an object that was read. */
export function writeModule(spec: CollectionSpec, { object, digest }: Origin, options: GenerateOptions): string {
  const { head, body, name, title } = describe(spec, options, ["defineObject"]);
  const { embed = false, path } = options;
  const url: Doc = [indent(softLine, literal(urlPath(path)), ",", line, "import.meta.url"), ifBreak(","), softLine];
  const place: Doc = embed
    ? group("object:", indent(line, literal(toBase64(object))), ",")
    : group("object: new URL(", url, "),");
  const source: Doc[] = [`name: ${literal(title)},`, `digest: ${literal(digest)},`, place];
  const exported: Doc = [`const object: ObjectModule<${name}> = defineObject(`, block(source), ");"];
  const load: Doc = [
    comment(`Loads ${code(title)}: see load() of ebpf-ts. STALE when the object was compiled anew since.`),
    "export const load: typeof object.load = object.load;",
  ];
  return print([head, ...body, exported, load, "export default object;"], options);
}

interface Described {
  readonly head: Doc;
  readonly body: readonly Doc[];
  /** Of the description. */
  readonly name: string;
  /** Of the object's file. */
  readonly title: string;
}

function describe(spec: CollectionSpec, options: GenerateOptions, values: readonly string[]): Described {
  const title = options.path.slice(options.path.lastIndexOf("/") + 1);
  const names = new TypeNames([...language, ...own, ...library]);
  const name = names.take(`${pascalCase(title.replace(/(\.bpf)?\.o$/, "")).slice(0, 28)}Object`);
  const declarations = new Declarations();
  const writerFor = (btf: Btf | undefined): TypeWriter => new TypeWriter(btf, names, declarations);
  const description = new DescriptionWriter(spec, writerFor(spec.btf), writerFor);
  const members = description.write();
  const whole: Doc = [comment(`What ${code(title)} has, by name.`), `export interface ${name} `, block(members)];
  const imports = [...[...description.imports, "ObjectModule"].map((each) => `type ${each}`), ...values].sort(byName);
  const head: Doc = [
    ["/* eslint-disable */", hardLine],
    [
      `// Generated by "ebpf gen" from ${title.replace(/[^\x21-\x7e]/g, "?")}: do not edit, but run it again.`,
      hardLine,
    ],
    importFrom(options.from ?? "ebpf-ts", imports),
  ];
  return { head, body: [...declarations.all, whole], name, title };
}

function importFrom(module: string, names: readonly string[]): Doc {
  const list: Doc = [indent(line, ...join(names, [",", line])), ifBreak(","), line];
  return group("import {", list, `} from ${literal(module)};`);
}

function byName(a: string, b: string): number {
  const [left, right] = [a.replace("type ", ""), b.replace("type ", "")];
  return left < right ? -1 : Number(left > right);
}

async function digestOf(object: Uint8Array): Promise<string> {
  const found = await integrityOf(object);
  if (found === undefined) throw new EbpfError("NOT_SUPPORTED", "Cannot generate a module: this host has no digests");
  return found;
}

/** With an empty line between its parts. */
function print(parts: readonly Doc[], { printWidth = 80 }: GenerateOptions): string {
  return printDocument(join(parts, [hardLine, hardLine]), printWidth);
}
