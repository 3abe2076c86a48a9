import { execFileSync, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { root } from "../files.ts";
import type { FileResult } from "../runtimes/run-file.ts";
import { modules, programs } from "./kernels.ts";

export interface FileRun {
  readonly file: string;
  readonly seconds: number;
  readonly result: FileResult;
}

/** Below the root, and not in the folder of the library: what tests and the script that runs them take. */
const others = [
  "package.json",
  "scripts/package.json",
  "scripts/build",
  "node_modules/fast-check",
  "node_modules/pure-rand",
];

/**
 * Runs files of tests in one guest, by `ebpf vm`, and tells of each as soon as it has run. Gives how the guest ended, where that was
 * otherwise than it should.
 */
export async function runInGuest(
  image: string,
  files: readonly string[],
  seconds: number,
  onResult: (run: FileRun) => void,
): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "ebpf-ts-native-"));
  try {
    return await run(image, files, { seconds, onResult, delegate: compileDelegate(folder) });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Guests have no compiler. Undefined where this host has none either: what takes the program is skipped. */
function compileDelegate(folder: string): string | undefined {
  const compiler = "/usr/bin/clang-19";
  if (!existsSync(compiler)) return undefined;
  const program = join(folder, "delegate");
  const source = join(root, "packages/ebpf-ts/test/fixtures/native/delegate.c");
  execFileSync(compiler, ["-O1", "-static", "-o", program, source]);
  return program;
}

interface GuestRun {
  readonly seconds: number;
  readonly onResult: (run: FileRun) => void;
  readonly delegate: string | undefined;
}

async function run(
  image: string,
  files: readonly string[],
  { seconds, onResult, delegate }: GuestRun,
): Promise<string | undefined> {
  const paths = [...others.map((path) => join(root, path)), ...(delegate === undefined ? [] : [delegate])];
  const options = [
    `--kernel=${image}`,
    `--timeout=${seconds}`,
    ...modules.flatMap((name) => ["--with-module", name]),
    ...[...programs, ...paths].flatMap((path) => ["--add", path]),
  ];
  const command = ["node", join(root, "scripts/build/kernels/in-guest.js"), ...files];
  const child = spawn(process.execPath, [join(root, "packages/cli/bin/ebpf.js"), "vm", ...options, "--", ...command], {
    cwd: join(root, "packages/ebpf-ts"),
    // What a kernel is too old for is skipped there.
    env: { ...process.env, EBPF_TS_NO_SKIP: undefined, EBPF_TS_DELEGATE: delegate },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (text: Buffer) => (errors = (errors + String(text)).slice(-4000)));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  for await (const line of createInterface({ input: child.stdout })) onResult(JSON.parse(line) as FileRun);
  const code = await ended;
  return code === 0 ? undefined : `exit ${code}: ${errors.trim()}`;
}
