import { readFile, writeFile } from "node:fs/promises";
import { dirname, relative, resolve, sep } from "node:path";
import { generateDeclaration, generateModule } from "ebpf-ts/codegen";
import { makeFolder } from "../output/make-folder.ts";
import { withObject } from "../output/object-file.ts";
import { refuseSpecial } from "../output/refuse-special.ts";
import { quoted } from "../output/text.ts";

/** How modules are written. */
export interface GenOptions {
  readonly output?: string;
  readonly embed?: boolean;
  readonly browser?: boolean;
  readonly declaration?: boolean;
  readonly printWidth: number;
}

/** What an object gives, and where it goes. */
export class GeneratedFile {
  readonly object: string;
  /** Undefined for standard output. */
  readonly path: string | undefined;
  readonly #options: GenOptions;

  constructor(object: string, options: GenOptions) {
    const { output, declaration = false } = options;
    this.object = object;
    this.path = output === "-" ? undefined : (output ?? beside(object, declaration));
    this.#options = options;
  }

  /** The command that writes it. */
  get command(): string {
    const { output, embed, browser, declaration, printWidth } = this.#options;
    const flags = [
      ...(output === undefined ? [] : ["-o", output]),
      ...(embed === true ? ["--embed"] : []),
      ...(browser === true ? ["--browser"] : []),
      ...(declaration === true ? ["--declaration"] : []),
      ...(printWidth === 80 ? [] : ["--print-width", String(printWidth)]),
    ];
    return ["ebpf gen", ...[this.object, ...flags].map(quoted)].join(" ");
  }

  /** What stands in it now; undefined when there is no such file. */
  async current(): Promise<string | undefined> {
    if (this.path === undefined) return undefined;
    await refuseSpecial(this.path, "name a file, or - for standard output");
    return readFile(this.path, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw failure(`read ${this.path}`, error);
    });
  }

  async generate(): Promise<string> {
    const { embed = false, browser = false, declaration = false, printWidth } = this.#options;
    const path = pathBetween(this.path, this.object);
    const from = browser ? "ebpf-ts/embedded" : "ebpf-ts";
    return withObject(this.object, (object) =>
      declaration
        ? generateDeclaration(object, { path, from, printWidth })
        : generateModule(object, { path, from, embed: embed || browser, printWidth }),
    );
  }

  /** False when it was so already: whoever watches it has nothing to do. */
  async write(text: string): Promise<boolean> {
    if (this.path === undefined) {
      process.stdout.write(text);
      return true;
    }
    if ((await this.current()) === text) return false;
    try {
      await makeFolder(dirname(this.path));
      await writeFile(this.path, text);
    } catch (error) {
      throw failure(`write ${this.path}`, error);
    }
    return true;
  }
}

/** `a.bpf.ts` for `a.bpf.o`; its declaration is what TypeScript looks for: `a.bpf.d.o.ts`. */
function beside(object: string, declaration: boolean): string {
  const stem = object.replace(/\.o$/, "");
  if (!declaration) return `${stem}.ts`;
  if (stem !== object) return `${stem}.d.o.ts`;
  throw new TypeError(`Cannot write a declaration for ${object}: an object that is imported is named .o`);
}

function pathBetween(from: string | undefined, object: string): string {
  const path = relative(from === undefined ? "." : dirname(resolve(from)), resolve(object))
    .split(sep)
    .join("/");
  return path.startsWith("../") ? path : `./${path}`;
}

/** As a shell takes it. */
const reasons: Readonly<Record<string, string>> = {
  EACCES: "this user may not",
  EISDIR: "it is a directory",
  ENOENT: "there is no such folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "part of its path is not a folder",
  EPERM: "this user may not",
  EROFS: "the file system is read-only",
};

function failure(action: string, cause: unknown): Error {
  const { code = "", message } = cause as NodeJS.ErrnoException;
  const reason = reasons[code];
  return new Error(`Cannot ${action}: ${reason === undefined ? message : `${reason} (${code})`}`, { cause });
}
