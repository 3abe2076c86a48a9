import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, cp, mkdtemp, chmod, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../../../", import.meta.url));

export interface Outcome {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly root?: string;
  /** Run as this user and group. */
  readonly uid?: number;
  /** Standard input stays open, to be written by `onOutput`. */
  readonly keepInput?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** Called with standard output so far, whenever it grew. */
  readonly onOutput?: (stdout: string, pid: number, write: (input: string) => void) => void;
  /** Called with standard error so far, whenever it grew. */
  readonly onErrors?: (stderr: string, pid: number) => void;
}

/** Runs node with some file of the project, as a user would, and gives what it printed. */
export function runNode(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return runFile(process.execPath, args, options);
}

export function runFile(file: string, args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const identity = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
    const child = spawn(file, args, {
      cwd: options.root ?? root,
      env: { ...process.env, NODE_TEST_CONTEXT: undefined, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      ...identity,
    });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      options.onOutput?.(stdout, child.pid!, (input) => child.stdin.write(input));
    });
    if (options.keepInput !== true) child.stdin.end();
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
      options.onErrors?.(stderr, child.pid!);
    });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

export function ebpf(args: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return runNode(["packages/cli/bin/ebpf.js", ...args], options);
}

export const nobody = 65534;

/** A copy of what was built, for a user who may not read the checkout; `undefined` when this process may not change users. */
export async function copyForNobody(): Promise<{ root: string; remove: () => Promise<void> }> {
  const copy = await mkdtemp(join(tmpdir(), "ebpf-ts-"));
  await chmod(copy, 0o755);
  const modules = [
    "ebpf-ts",
    "ebpf-ts-cli",
    "koffi",
    "@koromix",
    "commander",
    "string-width",
    "strip-ansi",
    "ansi-regex",
    "emoji-regex",
    "is-fullwidth-code-point",
  ];
  const parts = ["packages", "examples", ...modules.map((name) => `node_modules/${name}`)];
  for (const part of parts) {
    if (await exists(join(root, part)))
      await cp(join(root, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  }
  // With the workspaces that there are: Deno tells of others.
  const manifest = { private: true, type: "module", workspaces: ["packages/*", "examples/*"] };
  await writeFile(join(copy, "package.json"), JSON.stringify(manifest));
  return { root: copy, remove: () => rm(copy, { recursive: true, force: true }) };
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}
