/**
 * Runs the compiled tests of all packages with Node's own runner; arguments keep the files whose path contains one of them.
 * Tests of pure rooms run side by side; those that use the host's kernel, or trace commands, run one file after the other,
 * since they share it. `EBPF_TS_NO_SKIP=1` makes a failure of what a test would skip for (test/support/requirements.ts).
 *
 * A run has a temporary folder of its own, and its name on what it mounts elsewhere: so it knows what its tests leave behind, while
 * others run theirs.
 */
import { chmod, mkdtemp, readFile, realpath, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { root } from "./files.ts";
import { LeftBehind } from "./left-behind.ts";
import { findTests, isPure } from "./test-files.ts";

/** Milliseconds for one file. */
const fileTimeout = 300_000;

interface Batch {
  readonly files: string[];
  readonly concurrency: number;
}

interface TestEvent {
  readonly type: string;
  readonly data: {
    readonly nesting: number;
    readonly message: string;
    readonly file?: string;
    readonly skip?: unknown;
    readonly todo?: unknown;
  };
}

const totalPattern = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** The events of all batches, with one summary at the end in place of one each. */
async function* eventsOf(batches: readonly Batch[]): AsyncGenerator<TestEvent> {
  const totals = new Map<string, number>();
  for (const { files, concurrency } of batches) {
    if (files.length === 0) continue;
    for await (const event of run({ files, concurrency, timeout: fileTimeout }) as AsyncIterable<TestEvent>) {
      const total =
        event.type === "test:diagnostic" && event.data.nesting === 0 ? totalPattern.exec(event.data.message) : null;
      if (total !== null) {
        const [, name = "", count] = total;
        totals.set(name, (totals.get(name) ?? 0) + Number(count));
      } else if (event.type !== "test:summary") {
        if (event.type === "test:fail" && !event.data.todo) process.exitCode = 1;
        yield event;
      }
    }
  }
  for (const [name, count] of totals) {
    yield { type: "test:diagnostic", data: { nesting: 0, message: `${name} ${count}` } };
  }
}

/** Mounts in the folder, and those elsewhere whose source is named after it. */
async function mountsOf(folder: string): Promise<string[]> {
  const text = await readFile("/proc/mounts", "utf8").catch(() => "");
  return text.split("\n").filter((line) => {
    const [source, place = ""] = line.split(" ");
    return source === basename(folder) || place.startsWith(`${folder}/`);
  });
}

async function main(): Promise<void> {
  const tests = await findTests(process.argv.slice(2));
  if (tests.length === 0) {
    console.error("Cannot find compiled tests: run `npm run build` first");
    process.exitCode = 1;
    return;
  }
  const paths = (pure: boolean): string[] =>
    tests.filter((path) => isPure(path) === pure).map((path) => join(root, path));
  const folder = await mkdtemp(join(await realpath(tmpdir()), "ebpf-ts-tests-"));
  // As /tmp has it: some tests act as another user.
  await chmod(folder, 0o1777);
  process.env["TMPDIR"] = folder;
  process.env["EBPF_TS_TEST_RUN"] = basename(folder);
  const behind = new LeftBehind(basename(folder));
  const events = eventsOf([
    { files: paths(true), concurrency: availableParallelism() },
    { files: paths(false), concurrency: 1 },
  ]);
  const output = Readable.from(events).pipe(new spec());
  for await (const text of output) process.stdout.write(text as string);
  const mounts = await mountsOf(folder);
  const left = [...mounts.map((line) => `the mount ${line}`), ...(await behind.find())];
  for (const each of left) console.error(`Left behind by a test: ${each}`);
  if (left.length > 0) process.exitCode = 1;
  // Not through a mount: what is in there is somebody's.
  if (mounts.length === 0) await rm(folder, { recursive: true, force: true });
}

await main();
