/** A test that fails on a runtime for a reason that is not ours. */
export interface KnownFailure {
  /** Words of runtimes, as on the command line. */
  readonly on: readonly string[];
  /** The end of the file's path, without `.test.js`. */
  readonly file: string;
  /** Which tests of it; all, and that the file's run breaks off, where it is left out. */
  readonly tests?: RegExp;
  readonly reason: string;
  /** The file is not run there at all: it would take until its time is up. */
  readonly leftOut?: boolean;
}

/** What `await worker.terminate()` of one that counts in a loop shows: the count goes on, and its task is in /proc for as long as one looks. */
const stillRuns = "Deno says of a thread that it has ended while that still runs";

/** They are run all the same, unless one is left out, and shown with their reason. */
const knownFailures: readonly KnownFailure[] = [
  {
    on: ["bun", "deno"],
    file: "test/kernel/socket-attach",
    tests: /sockets of Node/,
    reason: "Sockets of Bun and Deno tell no descriptor, as docs/networks.md says",
  },
  {
    on: ["bun"],
    file: "test/host/threads",
    tests: /says what it threw$/,
    reason: "Bun tells of exit code 0 for a thread that threw, and of the error before it",
  },
  {
    on: ["bun"],
    file: "test/kernel/memory",
    tests:
      /cannot be moved to another ArrayBuffer|lives as long as its view|is said to be closed, and can still be read/,
    reason:
      "JavaScriptCore moves any ArrayBuffer, and collects what it finds no pointer to, on its stack either; the addresses stay, as docs/architecture.md says",
  },
  {
    on: ["bun"],
    file: "test/workers/shared-rings",
    tests: /is unmapped and closed at the end of the thread/,
    reason: "A thread that ends leaves its mappings where the engine is no V8, as docs/architecture.md says",
  },
  {
    on: ["bun", "deno"],
    file: "test/workers/loads-in-thread",
    reason:
      "Bun and Deno close no descriptors of a thread that they have not opened themselves, as docs/runtimes.md says",
  },
  {
    on: ["bun"],
    file: "test/workers/stuck-workers",
    tests: /leave no mappings/,
    reason: "A thread that ends leaves its mappings where the engine is no V8, as docs/architecture.md says",
  },
  {
    on: ["bun"],
    file: "test/importing/imports",
    tests: /by Node's hooks/,
    reason: "Bun has no hooks for imports of Node's kind: its module.register does nothing",
  },
  {
    on: ["bun"],
    file: "test/importing/names",
    tests: /by Node's hooks/,
    reason: "Bun has no hooks for imports of Node's kind: its module.register does nothing",
  },
  {
    on: ["deno"],
    file: "test/importing/imports",
    tests: /by Node's hooks/,
    reason: "Deno has no --import, and its --preload takes no name of a package; an import of ebpf-ts/register does",
  },
  {
    on: ["deno"],
    file: "test/importing/names",
    tests: /by Node's hooks/,
    reason: "Deno has no --import, and its --preload takes no name of a package; an import of ebpf-ts/register does",
  },
  {
    on: ["bun"],
    file: "test/sys/event-loop",
    reason: "Bun has a loop of its own, so that all tests are skipped, and says nothing of a suite that is",
  },
  {
    on: ["bun"],
    file: "test/threads/terminations",
    tests: /leave a shared ring to the others/,
    reason: "Bun does not close the files of a thread that is terminated, by whose locks its end is known",
  },
  {
    on: ["bun"],
    file: "test/shared-ring/threads",
    tests: /of a thread that was terminated/,
    reason: "Bun does not close the files of a thread that is terminated, by whose locks its end is known",
  },
  {
    on: ["bun"],
    file: "test/stream/allocation",
    reason: "The heap that is measured is V8's",
  },
  {
    on: ["bun"],
    file: "cli/build/test/cookbook",
    tests: /execs\.test\.ts/,
    reason: "Bun has no tests of node:test in a file that it runs, only in `bun test`",
  },
  {
    on: ["bun"],
    file: "test/importing/names",
    tests: /has any name, by Node's hooks/,
    reason: "Bun finds no module whose file has a question mark in its name",
  },
  {
    on: ["bun", "deno"],
    file: "cli/build/test/published",
    tests: /an import reads five files|a load, and what it attaches|stack traces name the sources/,
    reason: "What is watched there are hooks of Node's modules, and source maps that Node is told to read",
  },
  {
    on: ["deno"],
    file: "cli/build/test/published",
    tests: /every subpath has what it has in the repository/,
    reason: "Code that is given by -e comes to Deno as a data: URL, which finds no packages",
  },
  {
    on: ["deno"],
    file: "cli/build/test/run",
    tests: /says that its output cannot be written/,
    reason: "Deno's error of a write says no code, only a sentence of its own",
  },
  {
    on: ["deno"],
    file: "cli/build/test/run",
    tests: /says that the folder is gone/,
    reason: "Deno itself does not start where there is no current folder",
  },
  {
    on: ["deno"],
    file: "test/ptrace/shortage",
    reason:
      "Deno leaves an epoll and an eventfd open of a thread that has loaded a native module (koffi), once it has ended",
  },
  {
    on: ["deno"],
    file: "test/threads/terminations",
    reason: stillRuns,
    leftOut: true,
  },
  {
    on: ["deno"],
    file: "test/workers/stuck-workers",
    tests: /leave no mappings/,
    reason: stillRuns,
  },
  {
    on: ["deno"],
    file: "test/threads/thread-lives",
    tests: /dead when it is/,
    reason: stillRuns,
  },
  {
    on: ["deno"],
    file: "test/workers/shared-rings",
    tests: /also when that is terminated|is unmapped and closed at the end of the thread/,
    reason: stillRuns,
  },
  {
    on: ["deno"],
    file: "test/lockdown/lock-down",
    tests: /tells what it denies/,
    reason: "Deno tries another way to start a process that is refused, and says EACCES of that",
  },
  {
    on: ["deno"],
    file: "test/host/at-exit",
    tests: /an error that nobody caught$/,
    reason: "Deno ends without the event `exit` when nobody catches an error",
  },
  {
    on: ["deno"],
    file: "test/host/exit-gate",
    tests: /a user has started/,
    reason: "Deno ends a thread only when that comes back to its event loop",
  },
  {
    on: ["deno"],
    file: "test/shared-ring/threads",
    tests: /of a thread that was terminated/,
    reason: "Deno may say that a thread has ended before the files are closed by whose locks its end is known",
  },
  {
    on: ["deno"],
    file: "test/kernel/shortage",
    tests: /injector|kernel's types|any engine/,
    reason:
      "Deno opens descriptors of its own when it first listens for a signal, and panics where there are none (ext/signals)",
  },
];

export const knownFiles: readonly string[] = knownFailures.map(({ file }) => file);

export function knownFailure(runtime: string, file: string, test: string): KnownFailure | undefined {
  const path = file.replace(/\.test\.js$/, "");
  return knownFailures.find(
    (known) => known.on.includes(runtime) && path.endsWith(known.file) && (known.tests?.test(test) ?? true),
  );
}

/** Why a file is not run on a runtime. */
export function leftOut(runtime: string, file: string): string | undefined {
  const known = knownFailure(runtime, file, "");
  return known?.leftOut === true ? known.reason : undefined;
}
