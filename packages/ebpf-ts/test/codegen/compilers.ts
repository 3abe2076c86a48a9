import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../../../", import.meta.url));

/** A folder outside of the repository, in which the library can be imported. */
export class Scratch {
  readonly folder: string = mkdtempSync(join(realpathSync(tmpdir()), "ebpf-gen-"));

  constructor() {
    mkdirSync(join(this.folder, "node_modules"));
    symlinkSync(join(root, "packages/ebpf-ts"), join(this.folder, "node_modules/ebpf-ts"));
    symlinkSync(join(root, "node_modules/@types"), join(this.folder, "node_modules/@types"));
    this.write("package.json", JSON.stringify({ type: "module" }));
    this.write("tsconfig.json", JSON.stringify({ compilerOptions: strict, include: ["*.ts"] }));
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  read(name: string): string {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** What the compiler says; empty when it is content. */
  compile({ tsc }: Compiler, ...args: readonly string[]): string {
    const { stdout, stderr } = spawnSync(process.execPath, [tsc, "-p", this.folder, ...args], { encoding: "utf8" });
    return stdout + stderr;
  }

  /** Formats all that is there; throws where that cannot be read. */
  format(printWidth: number): void {
    this.write(".oxfmtrc.json", JSON.stringify({ printWidth }));
    execFileSync(join(root, "node_modules/.bin/oxfmt"), ["*.ts"], { cwd: this.folder, stdio: "pipe" });
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const strict = {
  target: "ES2022",
  lib: ["ES2022", "ESNext.Disposable"],
  module: "NodeNext",
  moduleResolution: "NodeNext",
  types: ["node"],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
  noEmit: true,
};

export interface Compiler {
  readonly version: string;
  readonly tsc: string;
}

/** As the package.json in a folder has it. */
function compilerOf(from: string): Compiler {
  const manifest = createRequire(join(from, "package.json")).resolve("typescript/package.json");
  const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly version: string };
  return { version, tsc: join(dirname(manifest), "bin", "tsc") };
}

/** The newest, the oldest that reads the library's declarations, and one between them. */
export const compilers: readonly Compiler[] = ["", "type-tests", "typescript-5.6"].map((folder) =>
  compilerOf(join(root, folder)),
);
