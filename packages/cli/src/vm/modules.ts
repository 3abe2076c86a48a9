import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** A kernel's module, as the guest has it: not compressed. */
export interface KernelModule {
  /** From the folder of all modules: `kernel/drivers/net/veth.ko`. */
  readonly path: string;
  readonly contents: Buffer;
  /** The modules that it needs, directly or not, as modules.dep(5) lists them. */
  readonly needs: readonly KernelModule[];
}

const suffix = /\.ko(?:\.([a-z]+))?$/;
/** `nf_tables` and `nf-tables` are one. */
const nameOf = (path: string): string => path.split("/").at(-1)!.replace(suffix, "").replaceAll("-", "_");

/** The modules of a kernel, in its folder /lib/modules/…; one that was not installed has no list of what needs what. */
export class KernelModules {
  readonly #folder: string;
  readonly #paths: ReadonlyMap<string, string>;
  readonly #found = new Map<string, KernelModule>();

  constructor(folder: string) {
    this.#folder = folder;
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => suffix.test(path));
    this.#paths = new Map(files.map((path) => [nameOf(path), path]));
  }

  /** The one of that name; undefined for what is built in. */
  find(name: string): KernelModule | undefined {
    const key = nameOf(name);
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const path = this.#paths.get(key);
    if (path === undefined) {
      if (this.#isBuiltIn(key)) return undefined;
      throw new Error(`Cannot load the module ${name}: there is none in ${this.#folder}`);
    }
    const contents = read(join(this.#folder, path));
    const needed = dependsOf(contents).flatMap((other) => this.find(other) ?? []);
    const needs = [...new Set(needed.flatMap((module) => [module, ...module.needs]))];
    const module = { path: path.replace(suffix, ".ko"), contents, needs };
    this.#found.set(key, module);
    return module;
  }

  #isBuiltIn(key: string): boolean {
    const file = join(this.#folder, "modules.builtin");
    return (
      existsSync(file) &&
      readFileSync(file, "utf8")
        .split("\n")
        .some((path) => nameOf(path) === key)
    );
  }
}

/** Of the section .modinfo, which holds strings such as `depends=llc,stp`. */
function dependsOf(contents: Buffer): string[] {
  const start = contents.indexOf("\0depends=");
  if (start < 0) return [];
  const text = contents.toString("latin1", start + "\0depends=".length, contents.indexOf(0, start + 1));
  return text.split(",").filter(Boolean);
}

const unpackers: Readonly<Record<string, string>> = { xz: "xz", zst: "zstd" };
const largest = 1 << 28;

function read(path: string): Buffer {
  const ending = suffix.exec(path)?.[1];
  if (ending === undefined) return readFileSync(path);
  if (ending === "gz") return gunzipSync(readFileSync(path));
  const unpacker = unpackers[ending] ?? ending;
  try {
    return execFileSync(unpacker, ["-dc", path], { maxBuffer: largest, stdio: ["ignore", "pipe", "ignore"] });
  } catch (cause) {
    throw new Error(`Cannot unpack ${path}: ${unpacker} cannot, or is not installed`, { cause });
  }
}
