import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { EbpfError } from "ebpf-ts";

const run = promisify(execFile);

/** `go` of a PATH without it is a usual trouble, and a stack trace would not help. */
async function go(...args: readonly string[]): Promise<string> {
  try {
    // One file without modules: nothing is fetched from anywhere.
    const env = { ...process.env, CGO_ENABLED: "0", GO111MODULE: "off", GOFLAGS: "" };
    return (await run("go", args, { env })).stdout;
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    const reason = missing ? "there is no go, install it (Debian: golang-go)" : (cause as Error).message;
    throw new EbpfError("COMMAND", `Cannot build the Go program: ${reason}`, { cause });
  }
}

/** Builds target/main.go; gives the program's path. */
export async function buildTarget(): Promise<string> {
  const output = fileURLToPath(new URL("./target", import.meta.url));
  await go("build", "-o", output, fileURLToPath(new URL("../target/main.go", import.meta.url)));
  return output;
}

/**
 * Offset of `goid` in the runtime's `struct g` (src/runtime/runtime2.go, 64-bit hosts), by the first minor version of Go 1
 * that has it. 1.17 brought the register ABI that the program relies on; 1.23 put `syscallbp` before the id, and 1.25 took
 * `ret` out of `gobuf`.
 */
const offsets: readonly (readonly [since: number, offset: number])[] = [
  [17, 152],
  [23, 160],
  [25, 152],
];
/** A newer runtime may have moved it again. */
const newest = 26;

/** Where the goroutine's id stands, in a program that some version of Go built. */
export async function goidOffset(path: string): Promise<number> {
  const version = (await go("version", path)).trim().split(": ").at(-1)!;
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1]);
  const offset = offsets.findLast(([since]) => minor >= since)?.[1];
  if (offset !== undefined && minor <= newest) return offset;
  throw new EbpfError(
    "NOT_SUPPORTED",
    `Cannot read goroutine ids: where ${version} has them is not known (known: go1.17 to go1.${newest})`,
  );
}
